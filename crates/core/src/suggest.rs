//! The nearest known name, for messages about an unknown one.

/// Characters that a name needs to be recognised as a part of another.
const SHORTEST_PART: usize = 3;

/// The known name that was probably meant, if one is near enough: one with a typo before one that is longer or
/// shorter at an end (case is ignored).
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = wrong.to_lowercase();
    known
        .into_iter()
        .filter_map(|name| distance(&lower, &name.to_lowercase()).map(|distance| (distance, name)))
        .min()
        .map(|(_, name)| name)
}

/// How unlike two names are, if they are alike at all: whether it takes more than a typo, and the edits.
fn distance(one: &str, other: &str) -> Option<(bool, usize)> {
    let edits = strsim::damerau_levenshtein(one, other);
    let (one_length, other_length) = (one.chars().count(), other.chars().count());
    let typo = edits <= (one_length.max(other_length) / 3).max(1);
    (typo || (one_length.min(other_length) >= SHORTEST_PART && is_end(one, other))).then_some((!typo, edits))
}

/// Whether one name begins or ends with the other.
fn is_end(one: &str, other: &str) -> bool {
    let (long, short) = if one.len() > other.len() { (one, other) } else { (other, one) };
    long.starts_with(short) || long.ends_with(short)
}

/// Advice for an unknown name: the nearest known one, or all of them.
pub fn did_you_mean<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    match nearest(wrong, known.clone()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => {
            let names: Vec<String> = known.into_iter().map(|name| format!("`{name}`")).collect();
            if names.is_empty() {
                "there is none to choose from".into()
            } else {
                format!("known are {}", names.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_or_another_case_finds_the_name() {
        assert_eq!(nearest("kye", ["key", "tables"]), Some("key"));
        assert_eq!(nearest("NETSALES", ["saleId", "netSales"]), Some("netSales"));
    }

    #[test]
    fn the_beginning_or_end_of_a_name_finds_it() {
        assert_eq!(nearest("netSales", ["region", "week", "net", "units"]), Some("net"));
        assert_eq!(nearest("amount", ["region", "totalAmount"]), Some("totalAmount"));
        assert_eq!(nearest("Net", ["netSalesBeforeTax", "netSales"]), Some("netSales"));
    }

    #[test]
    fn a_typo_is_likelier_than_a_part() {
        assert_eq!(nearest("netSales", ["net", "netSalez"]), Some("netSalez"));
    }

    #[test]
    fn a_part_of_two_letters_or_from_the_middle_finds_nothing() {
        assert_eq!(nearest("identifier", ["id", "entif", "wombat"]), None);
    }

    #[test]
    fn a_name_far_from_all_lists_them() {
        assert_eq!(nearest("wombat", ["key", "tables"]), None);
        assert_eq!(did_you_mean("wombat", ["key", "tables"]), "known are `key`, `tables`");
    }
}
