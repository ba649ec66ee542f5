SELECT region, net / NULLIF(units, 0) AS price,
  units <> 0 AND net / units > 2 AS dear, units = 0 OR net / units > 2 AS "dearOrNone",
  net / NULLIF(units, 0) < 9 AND net / units > 2 AND units <> 0 AS "dearToo"
FROM sales
WHERE (units <> 0 AND net / units > 0) OR units = 0 OR units IS NULL
