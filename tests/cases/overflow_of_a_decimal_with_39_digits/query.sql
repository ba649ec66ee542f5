SELECT k, d + d AS y FROM t
