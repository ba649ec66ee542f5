SELECT region, avg(share) AS share
FROM sales
GROUP BY region
