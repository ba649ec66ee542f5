SELECT a.region, a.net, b.weight, c.code
FROM sales AS a
JOIN sales AS b ON a.net = b.weight
JOIN (SELECT CAST(code AS INT) AS code FROM sales) AS c ON a.code = c.code
