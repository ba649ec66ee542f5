//! The sales. Each sale depends only on the seed and its own number, so that any range of them can be made
//! anywhere: in another file, in another thread, in another format.

use std::ops::Range;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use crate::products::{self, CATEGORIES, GROUPS, PRODUCTS_PER_CELL};
use crate::star::{Place, Star, place_at};

/// One sale in this many takes its place from the walk over all keys, the others are drawn.
const WALK_EVERY: u64 = 10;
/// 32-bit draws that each sale takes, so that the draws of a sale start at a known place of the random stream.
const DRAWS: usize = 8;

/// One sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sale<'star> {
    pub(crate) sale_id: i64,
    /// The amount in hundredths.
    pub(crate) net_sales_cents: i64,
    pub(crate) sales_units: i32,
    pub(crate) store_id: i32,
    pub(crate) date_id: i32,
    pub(crate) product_id: &'star str,
}

/// Makes the sales of one seed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SalesSource<'star> {
    star: &'star Star,
    seed: u64,
}

impl<'star> SalesSource<'star> {
    /// The sales of this seed over this star schema.
    pub(crate) fn new(star: &'star Star, seed: u64) -> Self {
        Self { star, seed }
    }

    /// The sales with these numbers (the first sale is number 0, its `saleId` is 1).
    pub(crate) fn sales(&self, numbers: Range<u64>) -> Vec<Sale<'star>> {
        let mut draws = ChaCha8Rng::seed_from_u64(self.seed);
        draws.set_word_pos(u128::from(numbers.start) * DRAWS as u128);
        numbers.map(|number| self.sale(number, &mut draws)).collect()
    }

    fn sale(&self, number: u64, draws: &mut ChaCha8Rng) -> Sale<'star> {
        let draw: [u32; DRAWS] = std::array::from_fn(|_| draws.next_u32());
        let place = if number.is_multiple_of(WALK_EVERY) {
            place_at(number / WALK_EVERY)
        } else {
            Place {
                year: below(draw[0], self.star.years.len()),
                store: skewed(draw[1], draw[2], self.star.stores.len()),
                category: skewed(draw[3], draw[4], CATEGORIES.len()),
                group: below(draw[5], GROUPS),
            }
        };
        let (variant, day_draw) = split(draw[6], PRODUCTS_PER_CELL);
        let product = products::index_of(place.category, place.group, variant);
        let year = &self.star.years[place.year];
        let day = &self.star.days[year.start + below(day_draw, year.len())];
        let (units, discount_draw) = split(draw[7], 9);
        let sales_units = 1 + units as i32;
        let discount_percent = 5 * below(discount_draw, 8) as i64;
        Sale {
            sale_id: number as i64 + 1,
            net_sales_cents: price_cents(product) * i64::from(sales_units) * (100 - discount_percent) / 100,
            sales_units,
            store_id: self.star.stores[place.store].store_id,
            date_id: day.date_key,
            product_id: &self.star.products[product].product_id,
        }
    }
}

/// Prices from 9.99 to 299.99, the same for a product in every sale.
fn price_cents(product: usize) -> i64 {
    999 + 100 * (product as i64 * 37 % 291)
}

/// A number below `bound`, from one draw. Written out because a library's sampling may change between versions,
/// and the same seed must give the same bytes for good.
fn below(draw: u32, bound: usize) -> usize {
    ((u64::from(draw) * bound as u64) >> 32) as usize
}

/// A number below `bound` where small ones are likelier, as a few stores and categories sell most.
fn skewed(first: u32, second: u32, bound: usize) -> usize {
    below(first.min(second), bound)
}

/// A number below `bound`, and what the draw has left for another number.
fn split(draw: u32, bound: usize) -> (usize, u32) {
    let product = u64::from(draw) * bound as u64;
    ((product >> 32) as usize, product as u32)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_sales_and_another_seed_gives_others() {
        let star = Star::new();
        let sales = |seed| SalesSource::new(&star, seed).sales(0..1_000);
        assert_eq!(sales(1), sales(1));
        assert_ne!(sales(1), sales(2));
    }

    #[test]
    fn a_range_gives_the_same_sales_as_the_whole() {
        let star = Star::new();
        let source = SalesSource::new(&star, 7);
        let whole = source.sales(0..1_000);
        assert_eq!(source.sales(333..777), whole[333..777]);
    }

    #[test]
    fn the_first_sales_never_change() {
        let star = Star::new();
        let first = SalesSource::new(&star, 1).sales(0..3);
        let sale = |sale_id, net_sales_cents, sales_units, store_id, date_id, product_id| Sale {
            sale_id,
            net_sales_cents,
            sales_units,
            store_id,
            date_id,
            product_id,
        };
        assert_eq!(
            first,
            [
                sale(1, 15_728, 2, 409, 4999, "00562947354959"),
                sale(2, 33_658, 2, 834, 6309, "00564625346017"),
                sale(3, 167_574, 6, 669, 5159, "00566175227691"),
            ]
        );
    }

    #[test]
    fn two_million_sales_hold_every_year_store_and_category() {
        let star = Star::new();
        let walked = SalesSource::new(&star, 1);
        let category_of = |id: &str| {
            let product = star.products.iter().position(|product| product.product_id == id);
            product.map(|index| index / (GROUPS * PRODUCTS_PER_CELL))
        };
        let mut keys = BTreeSet::new();
        for step in (0..crate::star::PLACES).step_by(101) {
            let number = step * WALK_EVERY;
            let sale = &walked.sales(number..number + 1)[0];
            let place = place_at(step);
            assert_eq!(sale.store_id, star.stores[place.store].store_id);
            assert_eq!(category_of(sale.product_id), Some(place.category));
            keys.insert((place.year, place.store, place.category));
        }
        assert_eq!(keys.len() as u64, crate::star::PLACES.div_ceil(101));
        const { assert!(crate::star::PLACES * WALK_EVERY <= 2_000_000) };
    }

    #[test]
    fn amounts_and_units_are_plausible() {
        let star = Star::new();
        for sale in SalesSource::new(&star, 1).sales(0..10_000) {
            assert!((1..=9).contains(&sale.sales_units));
            assert!(sale.net_sales_cents > 0 && sale.net_sales_cents < 1_000_000);
        }
    }
}
