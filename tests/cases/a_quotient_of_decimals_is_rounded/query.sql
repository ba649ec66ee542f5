SELECT region, net / 3 AS net, wide / 3 AS wide, widest / 3 AS widest, net / -0.03 AS negative, 99.99 / 3.3333 AS constant,
  sum(net) / count(*) AS mean
FROM sales GROUP BY region, net, wide, widest
