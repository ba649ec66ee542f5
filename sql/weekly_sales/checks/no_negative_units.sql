-- Returns are booked as amounts, never as units: fewer than no units is a fault of the till.
SELECT
    saleId,
    salesUnits
FROM sales
WHERE salesUnits < 0
