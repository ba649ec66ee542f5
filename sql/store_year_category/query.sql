-- Purpose: net sales and units of each category in each store, week by week, for the pages of the stores.
-- Grain:   one row per year, store, category and week of the season; a week without a sale has none.
--
-- The joins are inner: a sale that finds no day or product would be left out here, so a check refuses to publish
-- when there is one, and the control totals are taken from the sales alone.
WITH days AS (
    SELECT
        datekey,
        concat('RY', substr(CAST(datecalendaryear AS VARCHAR), 3, 2)) AS year,
        weeknumberofseason AS weekNumber
    FROM calendar
),
products AS (
    SELECT
        productid,
        trim(category) AS category
    FROM product
)
SELECT
    -- A missing part makes the whole key missing, which is refused; concat would quietly leave it out.
    CAST(year || '_' || CAST(storeId AS VARCHAR) || '_' || category AS VARCHAR) AS uniqueKey,
    CAST(year AS VARCHAR) AS year,
    CAST(storeId AS INT) AS store,
    CAST(category AS VARCHAR) AS category,
    CAST(weekNumber AS INT) AS weekNumber,
    CAST(sum(netSales) AS DECIMAL(18,2)) AS totalNetSales,
    CAST(sum(salesUnits) AS BIGINT) AS totalSalesUnits
FROM sales
JOIN days ON days.datekey = sales.dateId
JOIN products ON products.productid = sales.productId
GROUP BY year, storeId, category, weekNumber
