SELECT region, min(v) AS net, count(*) AS n FROM sales GROUP BY region
