SELECT day, sum(weight) OVER (ORDER BY day ROWS 1 PRECEDING) AS total, avg(weight) OVER (ORDER BY day ROWS 1 PRECEDING) AS average
FROM sales
