SELECT region,
    array_agg(week ORDER BY week) AS weeks,
    named_struct('first', min(week), 'net', sum(net), 'name', upper(region)) AS summary,
    CAST('2018-01-31' AS DATE) AS day,
    CAST('2018-01-31T10:11:12.5' AS TIMESTAMP) AS moment,
    min(week) = 1 AS early,
    CAST(NULL AS INT) AS nothing,
    array_agg(named_struct('net', net) ORDER BY net) AS nets
FROM sales GROUP BY region
