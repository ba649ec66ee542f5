//! Dates and timestamps by the rules of a column: ISO 8601, a format, or a number since 1970.

use arrow_array::timezone::Tz;
use arrow_schema::TimeUnit;
use chrono::{DateTime, Offset, TimeZone};

use super::numbers::Notation;
use super::strftime::Strftime;
use super::times::{DAYS, NANOS_OF_SECOND, SECONDS_OF_DAY, Stamp, Time, per_second};
use super::{Epoch, TextRules};

/// How dates or timestamps are written.
#[derive(Debug, Clone)]
pub(super) struct Calendar {
    format: Option<Strftime>,
    epoch: Option<Epoch>,
    notation: Notation,
}

/// What to tell a user whose numbers are dates.
const NUMBER: &str = "a number is read only if epoch says what it counts";

impl Calendar {
    /// # Errors
    /// Why dates cannot be written like that.
    pub(super) fn of_dates(rules: &TextRules) -> Result<Self, String> {
        Self::new("date_format", rules.date_format.as_deref(), rules)
    }

    /// # Errors
    /// Why timestamps cannot be written like that.
    pub(super) fn of_timestamps(rules: &TextRules) -> Result<Self, String> {
        Self::new("timestamp_format", rules.timestamp_format.as_deref(), rules)
    }

    fn new(setting: &str, format: Option<&str>, rules: &TextRules) -> Result<Self, String> {
        let notation = Notation::new(rules)?;
        let format = format.map(Strftime::new).transpose().map_err(|why| format!("{setting}: {why}"))?;
        if rules.epoch.is_some() && format.as_ref().is_some_and(|format| notation.is_number(format.sample())) {
            return Err(format!("{setting} writes numbers, and so does epoch: leave one of them out"));
        }
        Ok(Self { format, epoch: rules.epoch, notation })
    }

    /// Days since 1970-01-01, if the text is a day and nothing else.
    pub(super) fn date(&self, text: &str) -> Option<i64> {
        let stamp = match self.epoch.filter(|_| self.notation.is_number(text)) {
            Some(epoch) => self.since_1970(text, epoch)?,
            None => self.written(text).filter(|stamp| stamp.offset.is_none())?,
        };
        (stamp.time == Time::MIDNIGHT).then_some(stamp.days)
    }

    fn stamp(&self, text: &str) -> Option<Stamp> {
        match self.epoch.filter(|_| self.notation.is_number(text)) {
            Some(epoch) => self.since_1970(text, epoch).map(|stamp| Stamp { offset: Some(0), ..stamp }),
            None => self.written(text),
        }
    }

    fn written(&self, text: &str) -> Option<Stamp> {
        match &self.format {
            Some(format) => format.stamp(text),
            None => Stamp::read(text),
        }
    }

    fn since_1970(&self, text: &str, epoch: Epoch) -> Option<Stamp> {
        let day = i128::from(SECONDS_OF_DAY * NANOS_OF_SECOND);
        let count = |scale| self.notation.units(text, 38, scale);
        let nanos = match epoch {
            Epoch::Days => count(0)?.checked_mul(day)?,
            Epoch::Seconds => count(9)?,
            Epoch::Milliseconds => count(6)?,
            Epoch::Microseconds => count(3)?,
            Epoch::Nanoseconds => count(0)?,
        };
        let days = i64::try_from(nanos.div_euclid(day)).ok().filter(|days| DAYS.contains(days))?;
        let nanos = nanos.rem_euclid(day) as i64;
        let time = Time { seconds: nanos / NANOS_OF_SECOND, nanos: nanos % NANOS_OF_SECOND };
        Some(Stamp { days, time, offset: None })
    }

    /// What is in the way of a text that is not a date.
    pub(super) fn why_no_date(&self, text: &str) -> Option<&'static str> {
        match self.written(text) {
            Some(Stamp { offset: Some(_), .. }) => Some("a day with an offset is another one elsewhere"),
            Some(_) => Some("it has a time of day"),
            None => self.why_neither(text),
        }
    }

    fn why_neither(&self, text: &str) -> Option<&'static str> {
        match (&self.format, self.epoch) {
            (None, None) if self.notation.is_number(text) => Some(NUMBER),
            (Some(_), _) => Some("it is not written as the format says"),
            _ => None,
        }
    }
}

/// Timestamps of one type.
#[derive(Debug, Clone)]
pub(super) struct Timestamps {
    calendar: Calendar,
    unit: TimeUnit,
    zone: Option<Tz>,
}

impl Timestamps {
    /// # Errors
    /// Why there are no such timestamps.
    pub(super) fn new(rules: &TextRules, unit: TimeUnit, zone: Option<&str>) -> Result<Self, String> {
        let zone = match zone {
            Some("Z" | "UTC") => Some("+00:00"),
            zone => zone,
        };
        let unknown = |_| format!("`{}` is not a time zone", zone.unwrap_or_default());
        let tz = zone.map(str::parse).transpose().map_err(unknown)?;
        Ok(Self { calendar: Calendar::of_timestamps(rules)?, unit, zone: tz })
    }

    pub(super) fn unit(&self) -> TimeUnit {
        self.unit
    }

    /// Since 1970-01-01, midnight UTC, or midnight where no zone matters.
    pub(super) fn timestamp(&self, text: &str) -> Option<i64> {
        let stamp = self.calendar.stamp(text)?;
        let local = stamp.days * SECONDS_OF_DAY + stamp.time.seconds;
        let offset = match (&self.zone, stamp.offset) {
            (None, None | Some(0)) => 0,
            (None, Some(_)) => return None,
            (Some(_), Some(offset)) => offset,
            (Some(zone), None) => offset_at(zone, local)?,
        };
        let seconds = local - offset;
        if !DAYS.contains(&seconds.div_euclid(SECONDS_OF_DAY)) {
            return None;
        }
        let fraction = Time { seconds: 0, ..stamp.time }.units(self.unit)?;
        let units = i128::from(seconds) * i128::from(per_second(self.unit)) + i128::from(fraction);
        i64::try_from(units).ok()
    }

    /// What is in the way of a text that is not a timestamp.
    pub(super) fn why_no_timestamp(&self, text: &str) -> Option<&'static str> {
        let Some(stamp) = self.calendar.stamp(text) else { return self.calendar.why_neither(text) };
        let local = stamp.days * SECONDS_OF_DAY + stamp.time.seconds;
        match (&self.zone, stamp.offset) {
            (None, Some(1..) | Some(..=-1)) => Some("it has an offset from UTC, and the type has no time zone"),
            (Some(zone), None) if offset_at(zone, local).is_none() => {
                Some("clocks of its time zone show that time twice or never: it needs an offset")
            }
            _ if stamp.time.units(self.unit).is_none() => Some("it has a finer fraction of a second"),
            _ => Some("it is too far from 1970"),
        }
    }
}

/// Seconds ahead of UTC when the zone's clocks show a time; nothing if they do so twice or never.
fn offset_at(zone: &Tz, local: i64) -> Option<i64> {
    let local = DateTime::from_timestamp(local, 0)?.naive_utc();
    Some(zone.offset_from_local_datetime(&local).single()?.fix().local_minus_utc().into())
}
