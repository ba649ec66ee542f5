SELECT region, sum(n) AS n FROM sales GROUP BY region
