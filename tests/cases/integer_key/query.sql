SELECT saleId, region, week, net, units FROM sales
