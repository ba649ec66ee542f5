SELECT region, net
FROM sales
WHERE CASE WHEN units <> 0 THEN net / units > 2 ELSE false END
