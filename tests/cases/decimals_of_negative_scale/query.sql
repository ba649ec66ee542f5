SELECT
    region,
    CAST(0 AS DECIMAL(10,-2)) AS zero,
    CAST(sum(net) * 1000 AS DECIMAL(10,-2)) AS net,
    [CAST(0 AS DECIMAL(10,-2)), CAST(500 AS DECIMAL(10,-2))] AS list,
    named_struct('zero', CAST(0 AS DECIMAL(50,-2))) AS struct,
    MAP([CAST(0 AS DECIMAL(10,-2))], ['x']) AS map
FROM sales GROUP BY region
