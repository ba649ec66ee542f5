-- Purpose: how many sales all stores have together, and how many stores have none.
-- Grain:   one row.
SELECT
    'stores' AS report,
    count(*) AS rows,
    count(sale.saleId) AS sales,
    sum(sale.net) AS net
FROM stores AS store
LEFT JOIN sales AS sale ON store.storeId = sale.storeId
