SELECT region, v FROM sales
