SELECT region, CAST(sum(net) AS DECIMAL(18,2)) AS net, CAST(count(*) AS BIGINT) AS n
FROM sales
GROUP BY region
