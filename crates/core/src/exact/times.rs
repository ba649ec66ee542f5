//! Dates and times of day as ISO 8601 writes them.

use std::ops::RangeInclusive;

use arrow_schema::TimeUnit;

pub(super) const SECONDS_OF_DAY: i64 = 86_400;
pub(super) const NANOS_OF_SECOND: i64 = 1_000_000_000;
/// Days since 1970-01-01 that chrono knows, and so whoever prints the dates: about 260,000 years on either side.
pub(super) const DAYS: RangeInclusive<i64> = -95_000_000..=95_000_000;

/// A date, a time of day, and how far that is ahead of UTC, where the text says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Since 1970-01-01.
    pub(super) days: i64,
    pub(super) time: Time,
    pub(super) offset: Option<i64>,
}

/// A time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Time {
    pub(super) seconds: i64,
    pub(super) nanos: i64,
}

impl Stamp {
    /// `2018-01-31`, `2018-01-31 23:30:00.123`, `2018-01-31T23:30-05:00`.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut cursor = Cursor(text.as_bytes());
        let days = cursor.date()?;
        if cursor.is_done() {
            return Some(Self { days, time: Time::MIDNIGHT, offset: None });
        }
        if !(cursor.skip(b'T') || cursor.skip(b' ') || cursor.skip(b't')) {
            return None;
        }
        let time = cursor.time()?;
        let offset = if cursor.is_done() { None } else { Some(cursor.offset()?) };
        cursor.is_done().then_some(Self { days, time, offset })
    }
}

impl Time {
    pub(super) const MIDNIGHT: Self = Self { seconds: 0, nanos: 0 };

    /// `23:30`, `23:30:59`, `23:30:59.123`.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut cursor = Cursor(text.as_bytes());
        cursor.time().filter(|_| cursor.is_done())
    }

    /// Since midnight, if that is a whole number of units.
    pub(super) fn units(self, unit: TimeUnit) -> Option<i64> {
        let per_second = per_second(unit);
        let nanos = NANOS_OF_SECOND / per_second;
        (self.nanos % nanos == 0).then(|| self.seconds * per_second + self.nanos / nanos)
    }
}

/// How many units a second has.
pub(super) fn per_second(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => NANOS_OF_SECOND,
    }
}

/// Days since 1970-01-01, if there is such a day.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    const LENGTHS: [i64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = LENGTHS.get(usize::try_from(month - 1).ok()?)? + i64::from(leap && month == 2);
    if !(1..=length).contains(&day) {
        return None;
    }
    // Years that begin in March, so that the leap day is their last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let days = year * 365 + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468;
    DAYS.contains(&days).then_some(days)
}

/// Year, month and day as nearly all dates have them: `2018-01-31`.
#[inline]
fn padded(date: &[u8; 10]) -> Option<(i64, i64, i64)> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *date else { return None };
    let digits = [y1, y2, y3, y4, m1, m2, d1, d2].map(|byte| byte.wrapping_sub(b'0'));
    if digits.iter().any(|digit| *digit > 9) {
        return None;
    }
    let [y1, y2, y3, y4, m1, m2, d1, d2] = digits.map(i64::from);
    Some((y1 * 1000 + y2 * 100 + y3 * 10 + y4, m1 * 10 + m2, d1 * 10 + d2))
}

/// What is left of a text.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn is_done(&self) -> bool {
        self.0.is_empty()
    }

    fn skip(&mut self, byte: u8) -> bool {
        let found = self.0.first() == Some(&byte);
        if found {
            self.0 = &self.0[1..];
        }
        found
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        self.skip(byte).then_some(())
    }

    /// A number of at least and at most so many digits.
    fn number(&mut self, least: usize, most: usize) -> Option<i64> {
        let end = self.0.iter().take(most).position(|byte| !byte.is_ascii_digit());
        let end = end.unwrap_or_else(|| self.0.len().min(most));
        let (digits, rest) = (end >= least).then(|| self.0.split_at(end))?;
        self.0 = rest;
        Some(digits.iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0')))
    }

    fn date(&mut self) -> Option<i64> {
        if let Some((first, rest)) = self.0.split_first_chunk()
            && let Some((year, month, day)) = padded(first)
        {
            self.0 = rest;
            return days(year, month, day).filter(|_| year > 0);
        }
        let year = if self.skip(b'+') {
            self.number(4, 6)?
        } else if self.skip(b'-') {
            -self.number(4, 6)?
        } else {
            // A year 0 is what is left of an unknown one.
            self.number(4, 4).filter(|year| *year > 0)?
        };
        self.expect(b'-')?;
        let month = self.number(1, 2)?;
        self.expect(b'-')?;
        days(year, month, self.number(1, 2)?)
    }

    fn time(&mut self) -> Option<Time> {
        let hours = self.number(1, 2).filter(|hours| *hours < 24)?;
        self.expect(b':')?;
        let minutes = self.number(2, 2).filter(|minutes| *minutes < 60)?;
        let mut time = Time { seconds: hours * 3600 + minutes * 60, nanos: 0 };
        if self.skip(b':') {
            time.seconds += self.number(2, 2).filter(|seconds| *seconds < 60)?;
            if self.skip(b'.') {
                time.nanos = self.fraction()?;
            }
        }
        Some(time)
    }

    /// Billionths; digits beyond them only if they are zeros.
    fn fraction(&mut self) -> Option<i64> {
        let before = self.0.len();
        let number = self.number(1, 9)?;
        let missing = 9 - (before - self.0.len()) as u32;
        while self.skip(b'0') {}
        Some(number * 10i64.pow(missing))
    }

    /// Seconds ahead of UTC.
    fn offset(&mut self) -> Option<i64> {
        self.skip(b' ');
        if self.skip(b'Z') || self.skip(b'z') {
            return Some(0);
        }
        if let Some(rest) = self.0.strip_prefix(b"UTC") {
            self.0 = rest;
            return Some(0);
        }
        let west = self.skip(b'-');
        if !west {
            self.expect(b'+')?;
        }
        let hours = self.number(2, 2).filter(|hours| *hours < 24)?;
        let minutes = if self.is_done() {
            0
        } else {
            self.skip(b':');
            self.number(2, 2).filter(|minutes| *minutes < 60)?
        };
        let seconds = hours * 3600 + minutes * 60;
        Some(if west { -seconds } else { seconds })
    }
}
