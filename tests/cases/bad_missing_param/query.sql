SELECT region, week, $from AS since, $name AS name, sum(net) AS net, sum(units) AS units FROM sales GROUP BY region, week
