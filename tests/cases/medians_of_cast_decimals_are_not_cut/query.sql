SELECT day % 1 AS day, median(CAST(net AS DECIMAL(9,2))) AS middle, median(DISTINCT net) AS once, median(day) AS whole
FROM sales GROUP BY day % 1
