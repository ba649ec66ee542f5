SELECT region, price
FROM (SELECT region, net / units AS price FROM sales WHERE units <> 0)
WHERE price > 2
