-- Added up as doubles, 9007199254740993 would be 9007199254740992.
SELECT region, CAST(avg(units) AS BIGINT) AS units, avg(units) = CAST(9007199254740994 AS DOUBLE) AS "isNearest",
  avg(units) AS "asDouble", avg(stock) AS stock, mean(DISTINCT units) AS "distinct"
FROM sales GROUP BY region
