SELECT
    region,
    MAP([true, false], [1, 2]) AS booleans,
    MAP([DATE '2018-01-31'], [min(net)]) AS dates,
    MAP([CAST(1.50 AS DECIMAL(4,2)), CAST(2.25 AS DECIMAL(4,2))], ['a', NULL]) AS decimals,
    MAP([CAST(0.1 AS FLOAT)], [[MAP([1], [min(units)])]]) AS floats
FROM sales GROUP BY region
