SELECT region, CAST(sum(net) AS DECIMAL(18,2)) AS net, CAST(count(*) AS BIGINT) AS n
FROM sales
WHERE year > 2018 AND month = 2
GROUP BY region
