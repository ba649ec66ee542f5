//! The days: four calendar years, one row per day.

/// The first year of the calendar.
pub(crate) const FIRST_YEAR: i32 = 2018;
/// How many years the calendar has.
pub(crate) const YEARS: usize = 4;
/// The key of the first day, as in the data that the first job was written for.
const FIRST_DATE_KEY: i32 = 4965;

/// One day of the calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Day {
    pub(crate) date_key: i32,
    pub(crate) day_of_month: i32,
    pub(crate) year: i32,
    pub(crate) week_of_season: i32,
}

/// Every day of the calendar, in order.
pub(crate) fn days() -> Vec<Day> {
    let mut days = Vec::with_capacity(366 * YEARS);
    let mut date_key = FIRST_DATE_KEY;
    for year in (FIRST_YEAR..).take(YEARS) {
        let mut day_of_year = 0;
        for month in 1..=12 {
            for day_of_month in 1..=days_in_month(year, month) {
                // Weeks of seven days from the first of January leave one or two days over: they are week 53.
                let week_of_season = day_of_year / 7 + 1;
                days.push(Day { date_key, day_of_month, year, week_of_season });
                day_of_year += 1;
                date_key += 1;
            }
        }
    }
    days
}

/// Where each year begins and ends among `days`.
pub(crate) fn year_ranges(days: &[Day]) -> Vec<std::ops::Range<usize>> {
    (FIRST_YEAR..)
        .take(YEARS)
        .map(|year| days.partition_point(|day| day.year < year)..days.partition_point(|day| day.year <= year))
        .collect()
}

fn days_in_month(year: i32, month: i32) -> i32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn week_53_holds_the_last_day_or_two_of_each_year() {
        let days = days();
        assert_eq!(days.len(), 365 * 4 + 1);
        for range in year_ranges(&days) {
            let year = &days[range];
            let leap = year.len() - 365;
            assert_eq!(year.iter().filter(|day| day.week_of_season == 53).count(), 1 + leap);
            assert!(year.iter().all(|day| (1..=53).contains(&day.week_of_season)));
            assert_eq!((year[0].day_of_month, year[year.len() - 1].day_of_month), (1, 31));
        }
    }

    #[test]
    fn date_keys_have_no_gaps() {
        let days = days();
        assert!(days.windows(2).all(|pair| pair[1].date_key == pair[0].date_key + 1));
    }
}
