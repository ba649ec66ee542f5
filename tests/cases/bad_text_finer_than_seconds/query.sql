SELECT day, to_timestamp_seconds(text) AS at FROM sales
