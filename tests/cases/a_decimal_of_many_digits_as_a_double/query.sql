-- The nearest double, as if the digits were read from a file.
SELECT region, CAST(wide AS DOUBLE) AS wide, TRY_CAST(widest AS DOUBLE) AS widest, CAST(narrow AS REAL) AS narrow,
  CAST(wide AS DOUBLE) = CAST(CAST(wide AS VARCHAR) AS DOUBLE) AS "isNearest"
FROM sales
