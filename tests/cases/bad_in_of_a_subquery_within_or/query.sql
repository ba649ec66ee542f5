SELECT region, units
FROM sales
WHERE units NOT IN (SELECT units FROM sales) OR region = 'north'
