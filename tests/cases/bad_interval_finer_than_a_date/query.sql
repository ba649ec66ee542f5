SELECT region, day - INTERVAL '1 second' AS day
FROM sales
