SELECT region, CAST(a AS TINYINT) AS net, 1 AS n FROM sales
