SELECT k, u - u - u AS y FROM t
