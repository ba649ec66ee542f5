SELECT region, week, net, units FROM sales
