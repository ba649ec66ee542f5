-- Purpose: many keys of few sales each, for the cluster benchmark's question about memory.
-- Grain:   one row per customer and week of the season.
SELECT
    CAST(sales.saleId % $keys AS BIGINT) AS customer,
    CAST(calendar.weeknumberofseason AS INT) AS weekNumber,
    CAST(sum(sales.netSales) AS DECIMAL(18,2)) AS totalNetSales
FROM sales
JOIN calendar ON calendar.datekey = sales.dateId
GROUP BY sales.saleId % $keys, calendar.weeknumberofseason
