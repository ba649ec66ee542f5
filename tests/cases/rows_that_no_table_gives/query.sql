SELECT region, CAST(sum(net) AS DECIMAL(18,2)) AS net FROM sales GROUP BY region
UNION ALL
SELECT 'other' AS region, 0.5 AS net
UNION ALL
SELECT region, net FROM (VALUES ('east', 1.5), ('west', 2.5)) AS known (region, net)
UNION ALL
SELECT region, net FROM sales WHERE 1 = 2
UNION ALL
SELECT 'all' AS region, (SELECT 7.25) AS net
