SELECT region, v AS net, 1 AS n FROM sales WHERE NOT isnan(v)
