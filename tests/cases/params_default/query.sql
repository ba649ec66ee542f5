SELECT region, week, $name AS name, $day AS day, $rate AS rate, $only AS only, $least AS least, CAST(sum(net) AS DECIMAL(18,2)) AS net, sum(units) AS units
FROM sales WHERE coalesce(net, 0) >= $least GROUP BY region, week
