SELECT k, z, u AS y FROM t
