SELECT region, CAST(second AS TIMESTAMP) AS at
FROM sales
