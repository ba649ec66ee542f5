SELECT region, units
FROM sales
WHERE units NOT IN (SELECT units FROM sales WHERE units = 1)
  AND (units IN (SELECT units FROM sales) OR region = 'south')
