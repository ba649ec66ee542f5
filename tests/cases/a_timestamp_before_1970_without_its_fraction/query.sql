SELECT region, CAST(at AS TIMESTAMP(0)) AS second, CAST(at AS DATE) AS day
FROM sales
