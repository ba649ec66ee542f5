SELECT region, net
FROM sales
NATURAL FULL JOIN (SELECT 5 AS units, 1 AS net) AS b
