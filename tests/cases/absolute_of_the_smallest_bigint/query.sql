SELECT region, abs(a) AS net, 1 AS n FROM sales
