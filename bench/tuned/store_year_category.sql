-- The store_year_category job grouped by numbers given to the names: what an impatient analyst can write.
-- Grain: one row per year, store, category and week, as in sql/store_year_category/query.sql.
WITH days AS (
    SELECT
        datekey,
        weeknumberofseason AS weekNumber,
        concat('RY', substr(CAST(datecalendaryear AS VARCHAR), 3, 2)) AS year,
        CAST(dense_rank() OVER (ORDER BY datecalendaryear) AS BIGINT) AS y
    FROM calendar
),
items AS (
    SELECT
        productid,
        trim(category) AS category,
        CAST(dense_rank() OVER (ORDER BY trim(category)) AS BIGINT) AS q
    FROM product
),
cells AS (
    SELECT
        (items.q * 256 + days.y) * 65536 + sales.storeId AS g,
        days.weekNumber AS weekNumber,
        sum(sales.netSales) AS netSales,
        sum(sales.salesUnits) AS salesUnits
    FROM sales
    JOIN days ON days.datekey = sales.dateId
    JOIN items ON items.productid = sales.productId
    GROUP BY (items.q * 256 + days.y) * 65536 + sales.storeId, days.weekNumber
),
categoryNames AS (SELECT DISTINCT q, category FROM items),
yearNames AS (SELECT DISTINCT y, year FROM days)
SELECT
    CAST(year || '_' || CAST(g % 65536 AS VARCHAR) || '_' || category AS VARCHAR) AS uniqueKey,
    CAST(year AS VARCHAR) AS year,
    CAST(g % 65536 AS INT) AS store,
    CAST(category AS VARCHAR) AS category,
    CAST(weekNumber AS INT) AS weekNumber,
    CAST(netSales AS DECIMAL(18,2)) AS totalNetSales,
    CAST(salesUnits AS BIGINT) AS totalSalesUnits
FROM cells
JOIN categoryNames ON categoryNames.q = g / 16777216
JOIN yearNames ON yearNames.y = g / 65536 % 256
