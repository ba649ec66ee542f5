SELECT region, min(v) AS net, count(v) AS n FROM sales WHERE v IS NULL OR f > 1 GROUP BY region
