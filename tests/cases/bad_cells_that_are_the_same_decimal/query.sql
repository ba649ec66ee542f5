SELECT region, CAST(week AS DECIMAL(9,2)) AS week, net FROM sales
