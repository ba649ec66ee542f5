SELECT region, since >= '2018-01-31' AS late, until > TIMESTAMP '2018-01-31 00:00:00' AS open,
  closed BETWEEN '2018-01-31' AND CAST('2018-02-01' AS TIMESTAMP) AS "inJanuary", closed IN ('2018-01-31', '2018-01-30') AS listed,
  closed = TIMESTAMP '2018-01-31 00:00:00' AS same
FROM sales
WHERE until >= '2018-01-31'
