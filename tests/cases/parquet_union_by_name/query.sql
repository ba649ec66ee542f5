SELECT region, max(w) AS net, sum(v) AS n FROM sales GROUP BY region
