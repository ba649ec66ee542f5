-- A sale that the query would leave out because its day or product is not in the dimensions.
SELECT
    sales.saleId,
    CASE WHEN calendar.datekey IS NULL THEN sales.dateId END AS unknownDateId,
    CASE WHEN product.productid IS NULL THEN sales.productId END AS unknownProductId
FROM sales
LEFT JOIN calendar ON calendar.datekey = sales.dateId
LEFT JOIN product ON product.productid = sales.productId
WHERE calendar.datekey IS NULL
    OR product.productid IS NULL
