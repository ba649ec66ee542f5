SELECT region, arrow_cast(20181220, 'Date32') AS day FROM sales WHERE week = 1
