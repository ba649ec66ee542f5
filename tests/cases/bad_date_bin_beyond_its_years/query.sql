SELECT region, date_bin(INTERVAL '1 day', day) AS day
FROM sales
