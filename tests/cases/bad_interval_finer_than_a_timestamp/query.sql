SELECT region, INTERVAL '1500 milliseconds' + at AS at
FROM sales
