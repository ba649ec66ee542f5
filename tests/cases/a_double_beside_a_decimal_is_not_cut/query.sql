-- Fifteen decimals would make 1e-20 nothing, and 1e300 not fit at all.
SELECT region, weight > net AS more, weight = net AS same, weight BETWEEN net AND 1 AS "between",
  weight IN (0.1, net) AS listed,
  CASE WHEN net < 5 THEN weight ELSE net END AS chosen, coalesce(weight, net) AS either
FROM sales
WHERE weight NOT IN (SELECT net FROM sales WHERE region = 'east') AND net IN (SELECT weight FROM sales UNION ALL SELECT net FROM sales)
