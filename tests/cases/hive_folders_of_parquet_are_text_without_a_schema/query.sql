SELECT region, max(year) AS net, max(month) AS n FROM sales GROUP BY region
