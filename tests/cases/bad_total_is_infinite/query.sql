SELECT region, week, CAST(units AS DOUBLE) AS units FROM sales
