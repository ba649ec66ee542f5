SELECT region FROM sales WHERE saleId > $whole
