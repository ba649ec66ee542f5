SELECT region, count(*) AS sales FROM sales GROUP BY region
