SELECT z AS k, sum(d) AS y FROM (SELECT 1 AS z, d FROM t WHERE k <> 'b') AS s
GROUP BY z
