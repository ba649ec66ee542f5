SELECT region, sum(x) + sum(CAST(x AS BIGINT)) AS net, sum(x) AS n FROM sales GROUP BY region
