SELECT region, CAST(weight AS DECIMAL(18,2)) AS weight, small::DECIMAL(5,0) AS small,
  TRY_CAST(weight AS DECIMAL(5,2)) AS narrow, sum(CAST(weight AS DECIMAL(18,1))) OVER (PARTITION BY region) AS total
FROM sales
WHERE CAST(small AS DECIMAL(5,1)) <> 0.1 OR small IS NULL
