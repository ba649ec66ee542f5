SELECT day, to_timestamp_seconds(net) AS at FROM sales
