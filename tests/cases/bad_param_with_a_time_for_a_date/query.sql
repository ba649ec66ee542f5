SELECT region, $day AS net, count(*) AS n FROM sales GROUP BY region
