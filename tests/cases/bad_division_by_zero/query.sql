SELECT region, a / b AS net, 1 AS n FROM sales
