SELECT region, week, CASE week WHEN 1 THEN '{}' ELSE '{"a": }' END AS cell FROM sales
