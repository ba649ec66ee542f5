-- The weekly_sales job grouped by numbers given to the names: what an impatient analyst can write.
-- Grain: one row per year, channel, division, gender, category and week, as in sql/weekly_sales/query.sql.
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
        trim(division) AS division,
        trim(gender) AS gender,
        trim(category) AS category,
        CAST(dense_rank() OVER (ORDER BY trim(division), trim(gender), trim(category)) AS BIGINT) AS p
    FROM product
),
shops AS (
    SELECT
        storeid,
        upper(trim(channel)) AS channel,
        CAST(dense_rank() OVER (ORDER BY upper(trim(channel))) AS BIGINT) AS c
    FROM store
),
cells AS (
    SELECT
        (items.p * 256 + days.y) * 256 + shops.c AS g,
        days.weekNumber AS weekNumber,
        sum(sales.netSales) AS netSales,
        sum(sales.salesUnits) AS salesUnits
    FROM sales
    JOIN days ON days.datekey = sales.dateId
    JOIN items ON items.productid = sales.productId
    JOIN shops ON shops.storeid = sales.storeId
    GROUP BY (items.p * 256 + days.y) * 256 + shops.c, days.weekNumber
),
itemNames AS (SELECT DISTINCT p, division, gender, category FROM items),
yearNames AS (SELECT DISTINCT y, year FROM days),
channelNames AS (SELECT DISTINCT c, channel FROM shops)
SELECT
    CAST(year || '_' || channel || '_' || division || '_' || gender || '_' || category AS VARCHAR) AS uniqueKey,
    CAST(division AS VARCHAR) AS division,
    CAST(gender AS VARCHAR) AS gender,
    CAST(category AS VARCHAR) AS category,
    CAST(channel AS VARCHAR) AS channel,
    CAST(year AS VARCHAR) AS year,
    CAST(weekNumber AS INT) AS weekNumber,
    CAST(netSales AS DECIMAL(18,2)) AS totalNetSales,
    CAST(salesUnits AS BIGINT) AS totalSalesUnits
FROM cells
JOIN itemNames ON itemNames.p = g / 65536
JOIN yearNames ON yearNames.y = g / 256 % 256
JOIN channelNames ON channelNames.c = g % 256
