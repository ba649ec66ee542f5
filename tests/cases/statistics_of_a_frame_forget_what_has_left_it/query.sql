SELECT day, var_pop(weight) OVER (ORDER BY day ROWS 1 PRECEDING) AS variance,
  stddev(weight) OVER (ORDER BY day ROWS 1 PRECEDING) AS deviation,
  corr(weight, weight) OVER (ORDER BY day ROWS 1 PRECEDING) AS correlation
FROM sales
