SELECT region, nanvl(v, 0) AS net, 1 AS n FROM sales WHERE v > 2
