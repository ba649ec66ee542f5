SELECT day, CAST(day * 1000 + 355 AS DECIMAL(5,-2)) AS hundreds FROM sales
