SELECT * FROM 'data/sales.csv'
