SELECT region, CAST(at AS DATE) AS at
FROM sales
