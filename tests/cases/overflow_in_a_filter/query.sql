SELECT k, 1 AS y FROM t
WHERE z = 7
  OR l + 1 > 0
