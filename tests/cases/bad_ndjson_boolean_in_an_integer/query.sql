-- Purpose: the values as they are read.
-- Grain:   one row per key.
SELECT id, units
FROM sales
