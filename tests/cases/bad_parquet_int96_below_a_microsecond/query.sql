SELECT region, max(at) AS at FROM sales GROUP BY region
