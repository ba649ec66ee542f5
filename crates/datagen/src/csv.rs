//! The four tables as CSV. Written by hand: no value can hold a comma, a quote or a line break (a test sees to it),
//! so that quoting is not needed, and formatting straight into one buffer is what makes large files quick.

use std::io::{self, Write};

use crate::sales::Sale;
use crate::star::Star;

/// Writes the days.
pub(crate) fn write_calendar(star: &Star, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "datekey,datecalendarday,datecalendaryear,weeknumberofseason")?;
    for day in &star.days {
        writeln!(out, "{},{},{},{}", day.date_key, day.day_of_month, day.year, day.week_of_season)?;
    }
    Ok(())
}

/// Writes the products.
pub(crate) fn write_products(star: &Star, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "productid,division,gender,category")?;
    for product in &star.products {
        writeln!(out, "{},{},{},{}", product.product_id, product.division, product.gender, product.category)?;
    }
    Ok(())
}

/// Writes the stores.
pub(crate) fn write_stores(star: &Star, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "storeid,channel,country")?;
    for store in &star.stores {
        writeln!(out, "{},{},{}", store.store_id, store.channel, store.country)?;
    }
    Ok(())
}

/// Writes sales, batch by batch.
#[derive(Debug)]
pub(crate) struct CsvSales<W> {
    out: W,
    buffer: Vec<u8>,
}

impl<W: Write> CsvSales<W> {
    /// Starts with the header.
    pub(crate) fn start(mut out: W) -> io::Result<Self> {
        writeln!(out, "saleId,netSales,salesUnits,storeId,dateId,productId")?;
        Ok(Self { out, buffer: Vec::new() })
    }

    /// Adds the sales.
    pub(crate) fn write(&mut self, sales: &[Sale<'_>]) -> io::Result<()> {
        self.buffer.clear();
        for sale in sales {
            writeln!(
                self.buffer,
                "{},{}.{:02},{},{},{},{}",
                sale.sale_id,
                sale.net_sales_cents / 100,
                sale.net_sales_cents % 100,
                sale.sales_units,
                sale.store_id,
                sale.date_id,
                sale.product_id
            )?;
        }
        self.out.write_all(&self.buffer)
    }

    /// Gives back what was written to, complete.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sales::SalesSource;

    fn text(write: impl Fn(&Star, &mut Vec<u8>) -> io::Result<()>) -> String {
        let mut bytes = Vec::new();
        write(&Star::new(), &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn no_value_of_a_dimension_needs_quotes() {
        for (table, columns) in [(text(write_calendar), 4), (text(write_products), 4), (text(write_stores), 3)] {
            assert!(!table.contains(['"', '\r']));
            assert!(table.lines().all(|line| line.split(',').count() == columns));
        }
    }

    #[test]
    fn amounts_have_two_digits_after_the_point() {
        let sale = Sale {
            sale_id: 1,
            net_sales_cents: 120_905,
            sales_units: 3,
            store_id: 409,
            date_id: 4965,
            product_id: "00567228914507",
        };
        let mut csv = CsvSales::start(Vec::new()).unwrap();
        csv.write(&[sale]).unwrap();
        let text = String::from_utf8(csv.finish().unwrap()).unwrap();
        assert_eq!(text.lines().nth(1), Some("1,1209.05,3,409,4965,00567228914507"));
    }

    #[test]
    fn batches_do_not_show_in_the_file() {
        let star = Star::new();
        let source = SalesSource::new(&star, 1);
        let written = |bounds: &[u64]| {
            let mut csv = CsvSales::start(Vec::new()).unwrap();
            for pair in bounds.windows(2) {
                csv.write(&source.sales(pair[0]..pair[1])).unwrap();
            }
            csv.finish().unwrap()
        };
        assert_eq!(written(&[0, 500]), written(&[0, 1, 250, 500]));
    }
}
