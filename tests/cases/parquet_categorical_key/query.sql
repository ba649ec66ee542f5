SELECT region, sum(net) AS net, count(*) AS n FROM sales GROUP BY region
