SELECT z AS k, sum(l) AS y, sum(d) AS x FROM (SELECT 1 AS z, l, d FROM t) AS s GROUP BY z
