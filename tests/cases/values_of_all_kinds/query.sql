SELECT region, encode(u, 'hex') AS u, c, d64, t, dur, h FROM sales
