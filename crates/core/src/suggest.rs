//! The nearest known name, for messages about an unknown one.

/// The known name that was probably meant, if one is near enough (case is ignored).
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = wrong.to_lowercase();
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&lower, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= (wrong.chars().count().max(name.chars().count()) / 3).max(1))
        .min()
        .map(|(_, name)| name)
}

/// Advice for an unknown name: the nearest known one, or all of them.
pub fn did_you_mean<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    match nearest(wrong, known.clone()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => {
            let names: Vec<String> = known.into_iter().map(|name| format!("`{name}`")).collect();
            match names.is_empty() {
                true => "there is none to choose from".into(),
                false => format!("known are {}", names.join(", ")),
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
    fn a_name_far_from_all_lists_them() {
        assert_eq!(nearest("wombat", ["key", "tables"]), None);
        assert_eq!(did_you_mean("wombat", ["key", "tables"]), "known are `key`, `tables`");
    }
}
