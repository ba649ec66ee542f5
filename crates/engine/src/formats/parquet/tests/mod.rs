//! Parquet files as tables.

mod statistics;
mod table;
mod values;
