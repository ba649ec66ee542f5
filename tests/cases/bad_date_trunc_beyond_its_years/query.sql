SELECT region, date_trunc('month', day) AS day
FROM sales
