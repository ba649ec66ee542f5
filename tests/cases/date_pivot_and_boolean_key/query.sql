SELECT sum(net) > 7 AS big, date '2018-01-01' + CAST(week AS INT) AS day, min(region) AS net FROM sales GROUP BY region, week HAVING region = 'south' AND sum(net) IS NOT NULL OR week = 1
