SELECT region || '_net' AS region, net AS amount FROM sales
UNION ALL
SELECT region || '_weight', weight FROM sales
