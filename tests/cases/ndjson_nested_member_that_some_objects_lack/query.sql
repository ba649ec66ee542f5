SELECT id, address FROM sales
