-- Purpose: net sales and units of each product group in each channel, week by week, for the weekly sales page.
-- Grain:   one row per year, channel, division, gender, category and week of the season; a week without a sale has none.
--
-- Names are cleaned in the dimensions, before anything is grouped by them: " SPINE" and "SPINE" are one category.
-- The joins are inner: a sale that finds no day, product or store would be left out here, so a check refuses to
-- publish when there is one, and the control totals are taken from the sales alone.
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
        trim(division) AS division,
        trim(gender) AS gender,
        trim(category) AS category
    FROM product
),
stores AS (
    SELECT
        storeid,
        upper(trim(channel)) AS channel
    FROM store
)
SELECT
    -- A missing part makes the whole key missing, which is refused; concat would quietly leave it out.
    CAST(year || '_' || channel || '_' || division || '_' || gender || '_' || category AS VARCHAR) AS uniqueKey,
    CAST(division AS VARCHAR) AS division,
    CAST(gender AS VARCHAR) AS gender,
    CAST(category AS VARCHAR) AS category,
    CAST(channel AS VARCHAR) AS channel,
    CAST(year AS VARCHAR) AS year,
    CAST(weekNumber AS INT) AS weekNumber,
    CAST(sum(netSales) AS DECIMAL(18,2)) AS totalNetSales,
    CAST(sum(salesUnits) AS BIGINT) AS totalSalesUnits
FROM sales
JOIN days ON days.datekey = sales.dateId
JOIN products ON products.productid = sales.productId
JOIN stores ON stores.storeid = sales.storeId
GROUP BY year, channel, division, gender, category, weekNumber
