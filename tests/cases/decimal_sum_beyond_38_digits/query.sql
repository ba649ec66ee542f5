SELECT region, sum(a) AS net, 1 AS n FROM sales GROUP BY region
