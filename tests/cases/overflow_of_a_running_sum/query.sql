SELECT k, sum(u) OVER (ORDER BY k) AS y FROM t
