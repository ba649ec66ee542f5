SELECT right(region, 1) AS region, n FROM sales
