SELECT region, sum(net) AS net FROM sales GROUP BY region
