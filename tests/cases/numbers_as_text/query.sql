SELECT region, week, count(*) OVER (PARTITION BY region) AS sales, 9007199254740993 AS large,
    DATE '2018-01-31' AS day, true AS open, CAST(NULL AS INT) AS nothing, net,
    CASE WHEN week = 1 THEN units END AS units
FROM sales
