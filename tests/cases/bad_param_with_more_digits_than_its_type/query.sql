SELECT region, $least AS net, count(*) AS n FROM sales GROUP BY region
