//! Dates and times by a format of the user's. What chrono is lenient about is refused where it could mean another time.

use std::fmt::Write;

use chrono::format::{Fixed, Item, Numeric, Parsed, StrftimeItems, parse};
use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveTime, TimeZone, Timelike};

use super::times::{DAYS, Stamp, Time};

/// A format, by the letters of `strftime`.
#[derive(Debug, Clone)]
pub(super) struct Strftime {
    items: Vec<Item<'static>>,
    sample: String,
    /// Whether two numbers have nothing between them, so that each must have all its digits.
    adjacent: bool,
    fraction: bool,
    gaps: usize,
}

impl Strftime {
    /// # Errors
    /// Why no date can be written like that.
    pub(super) fn new(format: &str) -> Result<Self, String> {
        let unknown = |_| format!("`{format}` is not a format of strftime");
        let items = StrftimeItems::new(format).parse_to_owned().map_err(unknown)?;
        if items.contains(&Item::Fixed(Fixed::TimezoneName)) {
            return Err("%Z names time zones in ways that mean several; use %z".into());
        }
        if items.iter().any(|item| matches!(item, Item::Numeric(Numeric::Nanosecond, _))) {
            return Err("%f is a number of nanoseconds; use %.f for a point and a fraction of a second".into());
        }
        let is_number = |item: &Item| matches!(item, Item::Numeric(..));
        let adjacent = items.windows(2).any(|pair| pair.iter().all(is_number));
        let fraction = items.contains(&Item::Fixed(Fixed::Nanosecond));
        let mut strftime = Self { items, sample: String::new(), adjacent, fraction, gaps: gaps(format) };
        strftime.sample =
            strftime.try_sample().ok_or_else(|| format!("`{format}` does not say which day or time it is"))?;
        Ok(strftime)
    }

    /// A text of the format.
    pub(super) fn sample(&self) -> &str {
        &self.sample
    }

    pub(super) fn stamp(&self, text: &str) -> Option<Stamp> {
        let (parsed, value) = self.parse(text)?;
        let written_in_full = self.adjacent || value.year() < 1000;
        if written_in_full && !self.same(&self.format(&value)?, text) {
            return None;
        }
        let time = Time { seconds: value.num_seconds_from_midnight().into(), nanos: value.nanosecond().into() };
        let days = i64::from(value.num_days_from_ce()) - i64::from(DateTime::UNIX_EPOCH.num_days_from_ce());
        let fits = value.year() > 0 && DAYS.contains(&days) && value.nanosecond() < 1_000_000_000;
        fits.then_some(Stamp { days, time, offset: parsed.offset().map(i64::from) })
    }

    fn parse(&self, text: &str) -> Option<(Parsed, DateTime<FixedOffset>)> {
        let lost = self.fraction && fraction_digits(text) > 9;
        if lost || gaps(text) < self.gaps || text.trim() != text {
            return None;
        }
        let mut parsed = Parsed::new();
        parse(&mut parsed, text, self.items.iter()).ok()?;
        let offset = parsed.offset().unwrap_or(0);
        let timed = parsed.hour_div_12().is_some() || parsed.hour_mod_12().is_some() || parsed.minute().is_some();
        let local = if timed || parsed.timestamp().is_some() {
            parsed.to_naive_datetime_with_offset(offset).ok()?
        } else {
            parsed.to_naive_date().ok()?.and_time(NaiveTime::MIN)
        };
        let value = FixedOffset::east_opt(offset)?.from_local_datetime(&local).single()?;
        Some((parsed, value))
    }

    /// The text of some time, if the format tells that from all others.
    fn try_sample(&self) -> Option<String> {
        let day = NaiveDate::from_ymd_opt(2001, 2, 3)?;
        let value = FixedOffset::east_opt(0)?.from_local_datetime(&day.and_hms_opt(16, 5, 6)?).single()?;
        let text = self.format(&value)?;
        let (parsed, read) = self.parse(&text)?;
        let timed = parsed.hour_mod_12().is_some() || parsed.timestamp().is_some();
        let same = read.date_naive() == day && (!timed || (read.hour(), read.minute()) == (16, 5));
        same.then_some(text)
    }

    fn format(&self, value: &DateTime<FixedOffset>) -> Option<String> {
        let mut text = String::new();
        write!(text, "{}", value.format_with_items(self.items.iter())).ok()?;
        Some(text)
    }

    fn same(&self, one: &str, other: &str) -> bool {
        // A fraction may have more zeros or fewer.
        let head = |text| if self.fraction { str::rsplit_once(text, '.').map_or(text, |(head, _)| head) } else { text };
        head(one).eq_ignore_ascii_case(head(other))
    }
}

/// How often space comes after something else.
fn gaps(text: &str) -> usize {
    text.split_whitespace().count().saturating_sub(1)
}

/// The most digits behind a point: chrono reads nine and skips the others.
fn fraction_digits(text: &str) -> usize {
    let digits = |rest: &str| rest.bytes().take_while(u8::is_ascii_digit).count();
    text.split('.').skip(1).map(digits).max().unwrap_or(0)
}
