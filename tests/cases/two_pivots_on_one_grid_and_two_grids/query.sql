SELECT region, week, NULL AS size, CAST(sum(net) AS DECIMAL(18,2)) AS net, sum(units) AS units, NULL AS sales FROM sales GROUP BY region, week
UNION ALL
SELECT region, NULL, CASE WHEN net > 5 THEN 'large' ELSE 'small' END, NULL, NULL, count(*) FROM sales GROUP BY region, 3
