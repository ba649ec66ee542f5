//! Sums of control totals: exact for integers and decimals of up to 76 digits.

use std::fmt;

use arrow_buffer::i256;
use serde::{Deserialize, Serialize};

/// Digits that an exact sum may have: as many as the widest decimal.
pub const DIGITS: u8 = 76;
/// The first number that has more.
const LIMIT: i256 = match i256::from_i128(10).checked_pow(DIGITS as u32) {
    Some(limit) => limit,
    None => i256::MAX,
};

/// A sum.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Sum {
    /// An integer in units of 10^-scale.
    Exact {
        /// The units.
        #[serde(with = "as_text")]
        units: i256,
        /// Digits after the decimal point.
        scale: i8,
    },
    /// A floating point number.
    Float(f64),
}

/// Readers of JSON cannot be trusted with numbers of 76 digits.
mod as_text {
    use arrow_buffer::i256;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(units: &i256, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(units)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i256, D::Error> {
        let text = String::deserialize(deserializer)?;
        i256::from_string(&text).ok_or_else(|| D::Error::custom(format!("`{text}` is not a whole number")))
    }
}

impl Sum {
    /// An exact sum of nothing.
    pub const ZERO: Self = Self::Exact { units: i256::ZERO, scale: 0 };

    /// An exact number; `None` if it has more than [`DIGITS`] digits.
    pub fn exact(units: i256, scale: i8) -> Option<Self> {
        (LIMIT.wrapping_neg() < units && units < LIMIT).then_some(Self::Exact { units, scale })
    }

    /// A number as a document has it, such as `-12.50`, exactly with this scale; `None` if that is not possible.
    pub fn parse(text: &str, scale: i8) -> Option<Self> {
        let scale_digits = usize::try_from(scale).ok()?;
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let kept = &fraction[..fraction.len().min(scale_digits)];
        let digits = whole.strip_prefix('-').unwrap_or(whole);
        let are_digits = [digits, fraction].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
        if digits.is_empty() || !are_digits || fraction[kept.len()..].bytes().any(|digit| digit != b'0') {
            return None;
        }
        let units = i256::from_string(&format!("{whole}{kept}{}", "0".repeat(scale_digits - kept.len())))?;
        Self::exact(units, scale)
    }

    /// The sum of both; `None` if it does not fit or they are of different kinds.
    #[expect(clippy::should_implement_trait, reason = "an operator could not say that the sum does not fit")]
    pub fn add(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Exact { units: a, scale }, Self::Exact { units: b, scale: other }) if scale == other => {
                Self::exact(a.checked_add(b)?, scale)
            }
            (Self::Float(a), Self::Float(b)) => Some(Self::Float(a + b)),
            _ => None,
        }
    }

    /// Whether both are the same number; floats within 1e-9 of the larger one, since their sums depend on the order.
    /// A sum that is NaN or infinite agrees with nothing.
    pub fn agrees_with(self, other: Self) -> bool {
        match (self, other) {
            (Self::Exact { units: a, scale: s }, Self::Exact { units: b, scale: t }) => {
                shortest(a, s) == shortest(b, t)
            }
            (a, b) => {
                let (a, b) = (a.as_float(), b.as_float());
                a.is_finite() && b.is_finite() && (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
            }
        }
    }

    /// The nearest float.
    pub(crate) fn as_float(self) -> f64 {
        match self {
            Self::Exact { .. } => self.to_string().parse().unwrap_or(f64::NAN),
            Self::Float(float) => float,
        }
    }
}

/// The number in the largest unit that counts it exactly: the same for `1.0` and `1.00`.
fn shortest(mut units: i256, scale: i8) -> (i256, i16) {
    let (ten, mut scale) = (i256::from_i128(10), i16::from(scale));
    if units == i256::ZERO {
        return (units, 0);
    }
    while units.checked_rem(ten) == Some(i256::ZERO) {
        (units, scale) = (units.wrapping_div(ten), scale - 1);
    }
    (units, scale)
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Float(float) => write!(f, "{float}"),
            Self::Exact { units, scale } if scale <= 0 => {
                let zeros = if units == i256::ZERO { 0 } else { usize::from(scale.unsigned_abs()) };
                write!(f, "{units}{}", "0".repeat(zeros))
            }
            Self::Exact { units, scale } => {
                let scale = usize::from(scale.unsigned_abs());
                let text = units.to_string();
                let digits = format!("{:0>1$}", text.trim_start_matches('-'), scale + 1);
                let (whole, fraction) = digits.split_at(digits.len() - scale);
                write!(f, "{}{whole}.{fraction}", if text.starts_with('-') { "-" } else { "" })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sum(units: i128, scale: i8) -> Sum {
        Sum::Exact { units: i256::from_i128(units), scale }
    }

    fn most() -> i256 {
        i256::from_string(&"9".repeat(DIGITS.into())).unwrap()
    }

    #[test]
    fn an_exact_sum_reads_like_the_numbers_it_adds() {
        for (units, scale, text) in [
            (2_396_970, 2, "23969.70"),
            (-5, 2, "-0.05"),
            (365, 0, "365"),
            (7, -2, "700"),
            (0, -2, "0"),
            (0, 2, "0.00"),
        ] {
            assert_eq!(sum(units, scale).to_string(), text);
        }
        assert_eq!(Sum::exact(most(), 76).unwrap().to_string(), format!("0.{}", "9".repeat(76)));
    }

    #[test]
    fn sums_of_different_scales_agree_when_the_number_is_the_same() {
        assert!(sum(100, 1).agrees_with(sum(1000, 2)));
        assert!(!sum(100, 1).agrees_with(sum(1001, 2)));
        assert!(sum(7, -2).agrees_with(sum(700, 0)) && sum(0, 5).agrees_with(sum(0, -5)));
        assert!(!sum(i128::MAX, 0).agrees_with(sum(i128::MAX, 30)));
        assert!(!Sum::exact(most(), 0).unwrap().agrees_with(Sum::exact(most(), 76).unwrap()));
    }

    #[test]
    fn a_sum_that_is_not_a_number_agrees_with_nothing() {
        for wrong in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for other in [Sum::Float(wrong), Sum::Float(1.0), Sum::Float(f64::MAX), sum(1, 0)] {
                assert!(
                    !Sum::Float(wrong).agrees_with(other) && !other.agrees_with(Sum::Float(wrong)),
                    "{wrong} {other}"
                );
            }
        }
    }

    #[test]
    fn a_sum_of_76_digits_fits_and_one_of_77_does_not() {
        let most = Sum::exact(most(), 2).unwrap();
        assert!(most.add(sum(-1, 2)).is_some());
        assert_eq!(most.add(sum(1, 2)), None);
        assert_eq!(Sum::parse(&"9".repeat(77), 0), None);
    }

    #[test]
    fn a_sum_survives_json_to_its_last_digit() {
        for sum in [Sum::exact(most(), 2).unwrap(), sum(-5, 2), Sum::Float(0.1)] {
            let text = serde_json::to_string(&sum).unwrap();
            assert_eq!(serde_json::from_str::<Sum>(&text).unwrap(), sum, "{text}");
        }
    }

    #[test]
    fn what_is_not_a_number_of_that_scale_is_not_parsed() {
        for text in ["", "-", ".5", "1.005", "1e2", "+1", "1.2.3", " 1", "null", "--1", "1-", "\u{661}"] {
            assert_eq!(Sum::parse(text, 2), None, "{text}");
        }
        assert_eq!(Sum::parse("1.500", 2), Some(sum(150, 2)));
    }

    proptest! {
        #[test]
        fn a_sum_is_parsed_as_it_is_shown(units: i128, more: i128, scale in 0i8..40) {
            let wide = i256::from_i128(units).wrapping_mul(i256::from_i128(more >> 1));
            prop_assume!(Sum::exact(wide, scale).is_some());
            let sum = Sum::exact(wide, scale).unwrap();
            prop_assert_eq!(Sum::parse(&sum.to_string(), scale), Some(sum));
        }

        #[test]
        fn adding_is_what_whole_numbers_do(a: i64, b: i64, scale in -5i8..5) {
            let added = sum(a.into(), scale).add(sum(b.into(), scale)).unwrap();
            prop_assert_eq!(added, sum(i128::from(a) + i128::from(b), scale));
            prop_assert_eq!(added.agrees_with(sum(a.into(), scale)), b == 0);
        }
    }
}
