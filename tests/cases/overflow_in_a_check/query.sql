SELECT k, i AS y FROM t
