SELECT region, CAST(max(wait) AS VARCHAR) AS wait FROM sales GROUP BY region
