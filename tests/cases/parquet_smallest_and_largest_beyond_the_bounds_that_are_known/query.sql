SELECT region, max(v) AS net, min(v) AS n FROM sales GROUP BY region
