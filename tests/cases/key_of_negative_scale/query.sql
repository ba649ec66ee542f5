SELECT CAST(units * 100 - 100 AS DECIMAL(10,-2)) AS units, region FROM sales
