SELECT X'00ff' AS region, [week] AS week, 1 AS n FROM sales
