SELECT k,
  i * i AS y
FROM t
