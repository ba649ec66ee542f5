SELECT region, lpad('x', units - 1) AS text
FROM sales
