//! A share of a whole, such as 0.1, which is compared without rounding.

use std::fmt;

use arrow_buffer::i256;

use crate::sum::Sum;

/// Digits after the point that a share may have.
const DIGITS: i8 = 9;
/// The whole, in the smallest share.
const WHOLE: u64 = 10_u64.pow(DIGITS as u32);

/// A number between 0 and 1, in billionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share(u64);

impl Share {
    /// A share as a decimal number; nothing if it is not between 0 and 1, or has too many digits.
    pub fn parse(text: &str) -> Option<Self> {
        let Sum::Exact { units, .. } = Sum::parse(text, DIGITS)? else { return None };
        let billionths = u64::try_from(units.to_i128()?).ok()?;
        (billionths <= WHOLE).then_some(Self(billionths))
    }

    /// Whether a part of a whole is more than this share of it.
    pub fn is_exceeded(self, part: u64, whole: u64) -> bool {
        u128::from(part) * u128::from(WHOLE) > u128::from(whole) * u128::from(self.0)
    }

    /// Whether a sum has lost more than this share of itself: has moved towards zero, or past it.
    pub fn is_lost(self, before: Sum, now: Sum) -> bool {
        if before.agrees_with(Sum::ZERO) || before.agrees_with(now) {
            return false;
        }
        self.is_lost_exactly(before, now).unwrap_or_else(|| {
            let (before, now) = (before.as_float(), now.as_float());
            (before - now) * before.signum() > before.abs() * (self.0 as f64 / WHOLE as f64)
        })
    }

    /// Nothing where a sum is a float, or its digits are too many to be multiplied.
    fn is_lost_exactly(self, before: Sum, now: Sum) -> Option<bool> {
        let (Sum::Exact { scale: one, .. }, Sum::Exact { scale: other, .. }) = (before, now) else { return None };
        let scale = one.max(other);
        let (before, now) = (units(before, scale)?, units(now, scale)?);
        let lost = if before < i256::ZERO { now.checked_sub(before)? } else { before.checked_sub(now)? };
        let limit = before.checked_abs()?.checked_mul(i256::from_i128(self.0.into()))?;
        Some(lost.checked_mul(i256::from_i128(WHOLE.into()))? > limit)
    }
}

/// An exact sum in units of 10^-scale.
fn units(sum: Sum, scale: i8) -> Option<i256> {
    let Sum::Exact { units, scale: own } = sum else { return None };
    let digits = u32::try_from(i16::from(scale) - i16::from(own)).ok()?;
    units.checked_mul(i256::from_i128(10).checked_pow(digits)?)
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:09}", self.0 / WHOLE, self.0 % WHOLE);
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(text: &str) -> Share {
        Share::parse(text).expect(text)
    }

    fn sum(text: &str, scale: i8) -> Sum {
        Sum::parse(text, scale).expect(text)
    }

    #[test]
    fn a_share_is_a_number_between_0_and_1() {
        for (text, shown) in [("0", "0"), ("1", "1"), ("0.10", "0.1"), ("0.000000001", "0.000000001"), ("1.0", "1")] {
            assert_eq!(share(text).to_string(), shown);
        }
        for text in ["1.1", "-0.1", "10%", "0.0000000001", "nan", "inf", "1e-1", ""] {
            assert_eq!(Share::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_part_that_is_exactly_the_share_does_not_exceed_it() {
        for (text, part, whole) in [("0.29", 29, 100), ("0.07", 7, 100), ("0.1", 1, 10), ("0", 0, 7), ("1", 7, 7)] {
            assert!(!share(text).is_exceeded(part, whole), "{text}");
            assert!(share(text).is_exceeded(part + 1, whole), "{text}");
        }
        assert!(!share("0.5").is_exceeded(u64::MAX / 2, u64::MAX));
    }

    #[test]
    fn a_sum_loses_what_it_moves_towards_zero_or_past_it() {
        for (before, now, lost) in [
            ("100.00", "90.00", false),
            ("100.00", "89.99", true),
            ("100.00", "-1.00", true),
            ("100.00", "250.00", false),
            ("-100.00", "-90.00", false),
            ("-100.00", "-89.99", true),
            ("-100.00", "-250.00", false),
            ("0.00", "-5.00", false),
        ] {
            assert_eq!(share("0.1").is_lost(sum(before, 2), sum(now, 2)), lost, "{before} {now}");
        }
    }

    #[test]
    fn sums_of_other_scales_and_kinds_are_compared_too() {
        let tenth = share("0.1");
        assert!(!tenth.is_lost(sum("100", 0), sum("90.00", 2)) && tenth.is_lost(sum("100.000", 3), sum("89", 0)));
        assert!(!tenth.is_lost(Sum::Float(100.0), sum("95", 0)) && tenth.is_lost(sum("100", 0), Sum::Float(80.0)));
        assert!(!share("0").is_lost(Sum::Float(0.1 + 0.2), Sum::Float(0.3)), "floats differ in their last digits");
        let most = "9".repeat(76);
        assert!(tenth.is_lost(sum(&most, 0), sum(&most[1..], 0)) && !tenth.is_lost(sum(&most, 0), sum(&most, 0)));
    }
}
