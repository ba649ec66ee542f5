SELECT saleId FROM sales WHERE units < 0;
