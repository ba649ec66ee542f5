SELECT saleId, region FROM sales WHERE net IS NULL
