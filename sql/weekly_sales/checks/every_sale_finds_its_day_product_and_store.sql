-- A sale that the query would leave out because its day, product or store is not in the dimensions.
SELECT
    sales.saleId,
    CASE WHEN calendar.datekey IS NULL THEN sales.dateId END AS unknownDateId,
    CASE WHEN product.productid IS NULL THEN sales.productId END AS unknownProductId,
    CASE WHEN store.storeid IS NULL THEN sales.storeId END AS unknownStoreId
FROM sales
LEFT JOIN calendar ON calendar.datekey = sales.dateId
LEFT JOIN product ON product.productid = sales.productId
LEFT JOIN store ON store.storeid = sales.storeId
WHERE calendar.datekey IS NULL
    OR product.productid IS NULL
    OR store.storeid IS NULL
