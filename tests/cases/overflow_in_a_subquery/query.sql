SELECT k, (SELECT sum(u) FROM t) AS y FROM t
