//! The whole scheme: the dimensions, and which (year, store, category, group) places the sales must cover.

use std::ops::Range;

use crate::calendar::{self, Day, YEARS};
use crate::products::{self, CATEGORIES, GROUPS, Product};
use crate::stores::{self, CHANNELS, STORES, Store};

/// The dimensions of the star schema.
#[derive(Debug)]
pub(crate) struct Star {
    /// The days of the calendar, in order.
    pub(crate) days: Vec<Day>,
    /// The span of each year among the days.
    pub(crate) years: Vec<Range<usize>>,
    /// The products, ordered as `products::index_of` counts them.
    pub(crate) products: Vec<Product>,
    /// The stores, in the order of their numbers.
    pub(crate) stores: Vec<Store>,
}

/// Where a sale belongs, apart from the day and the product within its group: indexes into the dimensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) year: usize,
    pub(crate) store: usize,
    pub(crate) category: usize,
    /// Division and gender, as one number.
    pub(crate) group: usize,
}

impl Star {
    /// The star schema; the sizes are fixed, only the number of sales varies.
    pub(crate) fn new() -> Self {
        let days = calendar::days();
        let years = calendar::year_ranges(&days);
        Self { days, years, products: products::products(), stores: stores::stores() }
    }
}

/// Number of places the walk visits before it starts again.
pub(crate) const PLACES: u64 = (YEARS * STORES * CATEGORIES.len()) as u64;

/// The place at a step of a walk that visits every (year, store, category) once, and on the way every
/// (year, channel, group, category). Random draws alone would leave rare keys to chance.
pub(crate) fn place_at(step: u64) -> Place {
    let step = (step % PLACES) as usize;
    let store = step / YEARS % STORES;
    Place {
        year: step % YEARS,
        store,
        category: step / (YEARS * STORES),
        // The channel is the store's number modulo the channels: dividing first pairs each channel with each group.
        group: store / CHANNELS.len() % GROUPS,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_walk_visits_every_year_store_and_category() {
        let keys: BTreeSet<_> = (0..PLACES).map(place_at).map(|p| (p.year, p.store, p.category)).collect();
        assert_eq!(keys.len(), 180_000);
    }

    #[test]
    fn the_walk_visits_every_year_channel_division_gender_and_category() {
        let keys: BTreeSet<_> =
            (0..PLACES).map(place_at).map(|p| (p.year, stores::channel_of(p.store), p.group, p.category)).collect();
        assert_eq!(keys.len(), 4_320);
    }

    #[test]
    fn places_point_into_the_dimensions() {
        let star = Star::new();
        for place in (0..PLACES).step_by(97).map(place_at) {
            assert!(place.year < star.years.len() && place.store < star.stores.len());
            assert!(products::index_of(place.category, place.group, 7) < star.products.len());
        }
    }
}
