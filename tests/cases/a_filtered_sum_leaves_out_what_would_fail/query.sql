SELECT region, sum(net / units) FILTER (WHERE units <> 0) AS price, count(net / units) FILTER (WHERE units > 0) AS n
FROM sales GROUP BY region
