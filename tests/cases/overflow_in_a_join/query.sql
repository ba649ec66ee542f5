SELECT a.k, a.i AS y FROM t a
JOIN t b ON a.i * b.i = 9
