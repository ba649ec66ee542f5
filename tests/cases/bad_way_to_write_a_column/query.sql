SELECT region, week, net FROM sales
