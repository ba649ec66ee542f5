-- Purpose: the values as they are read.
-- Grain:   one row per key.
SELECT id, big, amount, ratio, text, day
FROM sales
