SELECT id, items FROM sales
