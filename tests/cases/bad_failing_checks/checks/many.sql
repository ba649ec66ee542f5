SELECT a.saleId FROM sales a CROSS JOIN sales b ORDER BY a.saleId
