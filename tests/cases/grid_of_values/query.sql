SELECT region, CASE week WHEN 1 THEN 'S' WHEN 2 THEN 'M' ELSE '"L" ü' END AS size, sum(net) AS net, sum(units) AS units FROM sales GROUP BY 1, 2
