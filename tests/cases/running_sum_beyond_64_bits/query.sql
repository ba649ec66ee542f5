SELECT CAST(b AS VARCHAR) AS region, sum(a) OVER (ORDER BY b) AS net, 1 AS n FROM sales
