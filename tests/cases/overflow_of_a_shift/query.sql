SELECT k, l << 1 AS y FROM t WHERE k = 'a'
