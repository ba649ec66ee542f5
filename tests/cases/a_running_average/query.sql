SELECT day, avg(net) OVER (ORDER BY day ROWS 1 PRECEDING) AS net, avg(units) OVER (ORDER BY day) AS units,
  avg(DISTINCT net) OVER (ORDER BY day ROWS 2 PRECEDING) AS "distinct"
FROM sales
