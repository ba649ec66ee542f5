SELECT region, net
FROM sales
WHERE region <> 'east' AND CAST(units AS INT) <> 0 AND net / CAST(units AS INT) > 0
