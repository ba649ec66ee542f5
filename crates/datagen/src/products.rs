//! The products: several for each division, gender and category.

/// The divisions.
pub(crate) const DIVISIONS: [&str; 3] = ["APPAREL", "FOOTWEAR", "EQUIPMENT"];
/// The genders.
pub(crate) const GENDERS: [&str; 4] = ["KIDS", "MENS", "WOMENS", "UNISEX"];
/// The categories; one has a slash, which no file name may carry as it is.
pub(crate) const CATEGORIES: [&str; 30] = [
    "CRICKET",
    "COLLECTIONS",
    "HOCKEY",
    "KABBADI",
    "BASEBALL",
    "GOLF",
    "SPINE",
    "TENNIS",
    "SWIMMING",
    "DART",
    "BASKETBALL",
    "TOPS/TEES",
    "RUNNING",
    "FOOTBALL",
    "RUGBY",
    "YOGA",
    "CYCLING",
    "SKIING",
    "SURFING",
    "BOXING",
    "CLIMBING",
    "HIKING",
    "ROWING",
    "SAILING",
    "VOLLEYBALL",
    "BADMINTON",
    "HANDBALL",
    "FENCING",
    "ARCHERY",
    "JUDO",
];
/// How many pairs of division and gender there are.
pub(crate) const GROUPS: usize = DIVISIONS.len() * GENDERS.len();
/// How many products each division, gender and category has.
pub(crate) const PRODUCTS_PER_CELL: usize = 8;

/// Categories that some products carry with a blank in front or behind, as typed by hand.
const CARELESS_CATEGORIES: [&str; 3] = ["SPINE", "BASKETBALL", "RUGBY"];

/// One product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Product {
    pub(crate) product_id: String,
    pub(crate) division: &'static str,
    pub(crate) gender: &'static str,
    pub(crate) category: String,
}

/// Every product, ordered as `index_of` counts them.
pub(crate) fn products() -> Vec<Product> {
    let mut products = Vec::with_capacity(CATEGORIES.len() * GROUPS * PRODUCTS_PER_CELL);
    for category in CATEGORIES {
        for division in DIVISIONS {
            for gender in GENDERS {
                for variant in 0..PRODUCTS_PER_CELL {
                    products.push(Product {
                        product_id: product_id(products.len()),
                        division,
                        gender,
                        category: as_typed(category, variant),
                    });
                }
            }
        }
    }
    products
}

/// The place of a product among `products`, by category, group (division and gender) and variant.
pub(crate) fn index_of(category: usize, group: usize, variant: usize) -> usize {
    (category * GROUPS + group) * PRODUCTS_PER_CELL + variant
}

/// Fourteen digits with leading zeros. Consecutive products get distant numbers, so that ids neither sort nor
/// compress like a counter; the factor shares no divisor with the modulus, so that no two products get the same.
fn product_id(index: usize) -> String {
    let scattered = (index as u64 * 982_451_653) % 10_000_000_000;
    format!("{:014}", 560_000_000_000 + scattered)
}

fn as_typed(category: &str, variant: usize) -> String {
    let careless = CARELESS_CATEGORIES.contains(&category);
    match variant % 3 {
        1 if careless => format!(" {category}"),
        2 if careless => format!("{category}  "),
        _ => category.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn product_ids_are_unique_and_have_leading_zeros() {
        let products = products();
        let ids: BTreeSet<_> = products.iter().map(|product| product.product_id.as_str()).collect();
        assert_eq!(ids.len(), products.len());
        assert!(ids.iter().all(|id| id.len() == 14 && id.starts_with("00") && id.bytes().all(|b| b.is_ascii_digit())));
    }

    #[test]
    fn trimmed_names_mean_one_category_each() {
        let products = products();
        let typed: BTreeSet<_> = products.iter().map(|product| product.category.as_str()).collect();
        let trimmed: BTreeSet<_> = typed.iter().map(|category| category.trim()).collect();
        assert_eq!(trimmed, BTreeSet::from(CATEGORIES));
        assert_eq!(typed.len(), CATEGORIES.len() + 2 * CARELESS_CATEGORIES.len());
    }

    #[test]
    fn a_product_is_where_its_index_says() {
        let products = products();
        for (category, name) in CATEGORIES.iter().enumerate() {
            for group in 0..GROUPS {
                let product = &products[index_of(category, group, PRODUCTS_PER_CELL - 1)];
                assert_eq!(product.category.trim(), *name);
                assert_eq!(product.division, DIVISIONS[group / GENDERS.len()]);
                assert_eq!(product.gender, GENDERS[group % GENDERS.len()]);
            }
        }
    }
}
