SELECT region, day + INTERVAL '48 hours' + INTERVAL '1 month' AS day, at - INTERVAL '1 minute' + INTERVAL '2 days' AS at,
  CAST(day AS TIMESTAMP) - INTERVAL '1 millisecond' AS before
FROM sales
