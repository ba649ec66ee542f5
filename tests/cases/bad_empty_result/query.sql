-- Purpose: net sales and units of a region, week by week.
-- Grain:   one row per region and week.
SELECT
    region,
    week,
    CAST(sum(net) AS DECIMAL(18,2)) AS net,
    CAST(sum(units) AS BIGINT) AS units
FROM sales
GROUP BY region, week
