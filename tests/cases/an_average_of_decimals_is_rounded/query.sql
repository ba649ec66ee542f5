-- Four more digits than the column, half away from zero.
SELECT region, avg(net) AS net, avg(wide) AS wide, avg(widest) AS widest, avg(DISTINCT net) AS "distinct", count(DISTINCT net) AS n
FROM sales GROUP BY region
