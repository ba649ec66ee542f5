-- Purpose: the values as they are read.
-- Grain:   one row per key.
SELECT id, address, prices
FROM sales
