SELECT region, rate, sum(net) AS net FROM sales GROUP BY region, rate
