SELECT region, CAST(week AS DECIMAL(9,2)) AS week, net, saleId = 1 AS first FROM sales
