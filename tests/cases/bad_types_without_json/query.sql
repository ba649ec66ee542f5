SELECT region, week, X'00ff' AS bytes, INTERVAL '1 month' AS span, [X'00'] AS list, named_struct('a', 1, 'a', 2) AS twice,
    MAP([[1]], [2]) AS lists, [1] AS many, units
FROM sales
