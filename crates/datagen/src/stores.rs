//! The stores: each sells through one channel in one country.

/// How many stores there are.
pub(crate) const STORES: usize = 1_500;
/// The channels as the file writes them; documents have them in capitals.
pub(crate) const CHANNELS: [&str; 3] = ["Digital", "Store", "Partner"];
/// The number of the first store.
const FIRST_STORE_ID: i32 = 409;

/// The countries as typed: some are padded to a fixed width, as exports of old systems are.
const COUNTRIES: [&str; 20] = [
    "INDIA",
    "CHINA",
    "AUSTRALIA     ",
    "BELGIUM     ",
    "DENMARK     ",
    "FINLAND     ",
    "FRANCE",
    "GERMANY",
    "IRELAND     ",
    "ITALY",
    "LUXEMBOURG  ",
    "NETHERLANDS ",
    "SPAIN",
    "SWEDEN",
    "UK",
    "PORTUGAL    ",
    "GREECE",
    "SLOVENIA",
    "POLAND",
    "HUNGARY",
];

/// One store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Store {
    pub(crate) store_id: i32,
    pub(crate) channel: &'static str,
    pub(crate) country: &'static str,
}

/// Every store, in the order of the numbers.
pub(crate) fn stores() -> Vec<Store> {
    (FIRST_STORE_ID..)
        .take(STORES)
        .enumerate()
        .map(|(index, store_id)| Store {
            store_id,
            channel: CHANNELS[channel_of(index)],
            country: COUNTRIES[index % COUNTRIES.len()],
        })
        .collect()
}

/// The channel, as an index of `CHANNELS`, of the store with this index.
pub(crate) fn channel_of(store: usize) -> usize {
    store % CHANNELS.len()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_channel_sells_in_every_country() {
        let stores = stores();
        assert_eq!(stores.len(), STORES);
        let pairs: BTreeSet<_> = stores.iter().map(|store| (store.channel, store.country)).collect();
        assert_eq!(pairs.len(), CHANNELS.len() * COUNTRIES.len());
    }

    #[test]
    fn some_countries_are_padded() {
        assert!(stores().iter().any(|store| store.country.ends_with(' ')));
    }
}
