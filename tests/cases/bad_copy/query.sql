COPY sales TO '/tmp/stolen.csv'
