SELECT region, CAST(weight AS DECIMAL(5,2)) AS weight FROM sales
