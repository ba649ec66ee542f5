SELECT region, b.net
FROM sales
RIGHT JOIN (SELECT 5 AS units, 1 AS net) AS b USING (units)
