SELECT region, week, named_struct('net', sum(net), 'units', sum(units)) AS net, array_agg(saleId ORDER BY saleId) AS units FROM sales GROUP BY region, week
