-- A product or store without a name for one part of the key.
SELECT
    'product' AS tableName,
    productid AS id
FROM product
WHERE coalesce(trim(division), '') = ''
    OR coalesce(trim(gender), '') = ''
    OR coalesce(trim(category), '') = ''
UNION ALL
SELECT
    'store' AS tableName,
    CAST(storeid AS VARCHAR) AS id
FROM store
WHERE coalesce(trim(channel), '') = ''
