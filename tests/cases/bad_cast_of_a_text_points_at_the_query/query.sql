SELECT region, max(CAST(region AS INT)) AS net, count(*) AS n FROM sales GROUP BY region
