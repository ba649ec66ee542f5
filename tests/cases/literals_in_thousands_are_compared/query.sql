-- 1e3 is a decimal that counts thousands.
SELECT region, units * 1e3 BETWEEN 2000 AND 2500 AS "between", units * 1e3 IN (3000, 4000) AS listed,
  CASE WHEN units > 2 THEN 1e3 ELSE units END AS chosen, CAST((units - 2) * 1e3 AS VARCHAR) AS text
FROM sales
