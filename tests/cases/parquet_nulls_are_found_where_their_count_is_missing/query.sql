SELECT region, v AS net, 1 AS n FROM sales WHERE v IS NULL
