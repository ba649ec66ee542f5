SELECT region, CAST(i AS VARCHAR) || ' ' || CAST(f AS VARCHAR) || ' ' || CAST(m AS VARCHAR) || ' ' || CAST(dec AS VARCHAR) AS net, d AS n FROM sales
