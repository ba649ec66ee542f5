SELECT region, sum(a * b) AS net, 1 AS n FROM sales GROUP BY region
