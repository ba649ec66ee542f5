SELECT region, CAST(units AS DECIMAL(20,-2)) AS hundreds, CAST(units AS DECIMAL(20,-2)) > 1200 AS many,
  CAST(units AS DECIMAL(20,-2)) = CAST(1300 AS DECIMAL(10,-2)) AS same, avg(CAST(units AS DECIMAL(20,-2))) AS average
FROM sales GROUP BY region, units
