SELECT region, max(concat(units, '|', weight, '|', net)) AS text, max(ceil(units)) AS up, min(floor(units)) AS down,
  median(net) AS middle
FROM sales GROUP BY region
