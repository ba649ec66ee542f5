SELECT k,
  l / z AS y
FROM t
