-- A comment first.
DROP TABLE sales
