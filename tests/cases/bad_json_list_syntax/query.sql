-- Purpose: net sales of a region.
-- Grain:   one row per region.
SELECT region, CAST(sum(net) AS DECIMAL(18,2)) AS net, CAST(sum(units) AS BIGINT) AS units
FROM sales
GROUP BY region
