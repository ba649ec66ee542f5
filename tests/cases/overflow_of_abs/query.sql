SELECT k, abs(i) AS y FROM t
