SELECT day, arrow_cast(text, 'Timestamp(Second, None)') AS at FROM sales
