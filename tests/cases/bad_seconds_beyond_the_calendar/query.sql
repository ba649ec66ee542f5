SELECT region, to_timestamp(second) AS at
FROM sales
