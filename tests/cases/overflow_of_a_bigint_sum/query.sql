SELECT z AS k, sum(l) AS y FROM (SELECT 1 AS z, l FROM t WHERE k <> 'b') AS s
GROUP BY z
