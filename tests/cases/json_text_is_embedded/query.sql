SELECT region, week,
    CASE region WHEN 'north' THEN '{ "a" : 1.50,
 "a" : [ 12345678901234567890123, "\" " ] }' END AS raw,
    CASE week WHEN 1 THEN '[ ]' ELSE '"text"' END AS cell
FROM sales
