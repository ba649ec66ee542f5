//! Numbers as they are written, and the integers, decimals and floats that they are.

use std::borrow::Cow;
use std::str::FromStr;

use arrow_buffer::i256;

use super::TextRules;

/// How numbers are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Notation {
    point: u8,
    thousands: Option<char>,
}

/// 10^38, the first number of 39 digits, fits an i128.
const POWERS: [i128; 39] = {
    let mut powers = [1; 39];
    let mut index = 1;
    while index < powers.len() {
        powers[index] = powers[index - 1] * 10;
        index += 1;
    }
    powers
};
/// Digits of the largest decimal within an i128.
const NARROW: usize = 38;

impl Notation {
    /// A point and nothing between thousands.
    pub(super) const PLAIN: Self = Self { point: b'.', thousands: None };

    /// # Errors
    /// Why numbers cannot be written like that.
    pub(super) fn new(rules: &TextRules) -> Result<Self, String> {
        if !matches!(rules.decimal, '.' | ',') {
            return Err(format!("decimal is `{}`, and must be `.` or `,`", rules.decimal));
        }
        match rules.thousands {
            Some(thousands) if thousands == rules.decimal => {
                Err(format!("decimal and thousands are both `{thousands}`"))
            }
            Some(thousands) if thousands.is_alphanumeric() || matches!(thousands, '+' | '-') => {
                Err(format!("thousands is `{thousands}`, which is part of numbers themselves"))
            }
            thousands => Ok(Self { point: rules.decimal as u8, thousands }),
        }
    }

    /// Whether the text is a number of any size.
    pub(super) fn is_number(self, text: &str) -> bool {
        self.ungrouped(text).is_some_and(|text| Written::read(text.as_bytes(), self.point).is_some())
    }

    /// The integer, if the number is one of the type.
    pub(super) fn integer<T: TryFrom<i64> + TryFrom<i128>>(self, text: &str) -> Option<T> {
        match Short::read(text.as_bytes(), self.point).and_then(|short| short.integer()) {
            Some(integer) => T::try_from(integer).ok(),
            None => T::try_from(self.units(text, NARROW as u8, 0)?).ok(),
        }
    }

    /// The number in units of 10^-scale, if it is a whole one of at most `precision` digits, which are 38 at most.
    pub(super) fn units(self, text: &str, precision: u8, scale: i8) -> Option<i128> {
        if let Some(units) = Short::read(text.as_bytes(), self.point).and_then(|short| short.units(scale)) {
            return (units.abs() < *POWERS.get(usize::from(precision))?).then_some(units);
        }
        let text = self.ungrouped(text)?;
        let digits = Written::read(text.as_bytes(), self.point)?.in_units(scale)?;
        let units = (digits.len() <= usize::from(precision).min(NARROW)).then(|| number(digits.iter()))?;
        Some(if digits.negative { -units } else { units })
    }

    /// The same for up to 76 digits.
    pub(super) fn wide_units(self, text: &str, precision: u8, scale: i8) -> Option<i256> {
        if let Some(units) = self.units(text, precision.min(NARROW as u8), scale) {
            return Some(i256::from_i128(units));
        }
        let text = self.ungrouped(text)?;
        let digits = Written::read(text.as_bytes(), self.point)?.in_units(scale)?;
        if digits.len() > usize::from(precision).min(2 * NARROW) {
            return None;
        }
        let upper = digits.len().saturating_sub(NARROW);
        let (high, low) = (number(digits.iter().take(upper)), number(digits.iter().skip(upper)));
        let units = i256::from_i128(high).checked_mul(i256::from_i128(POWERS[NARROW]))?;
        let units = units.checked_add(i256::from_i128(low))?;
        if digits.negative { units.checked_neg() } else { Some(units) }
    }

    /// The float next to the number, if that is neither infinite nor zero in place of the number.
    pub(super) fn float<F: Float>(self, text: &str) -> Option<F> {
        let text = self.ungrouped(text)?;
        let Some(written) = Written::read(text.as_bytes(), self.point) else {
            return special(&text).then(|| text.parse().ok()).flatten();
        };
        let float: F = match self.point {
            b'.' => text.parse().ok()?,
            point => text.replacen(char::from(point), ".", 1).parse().ok()?,
        };
        (float.is_finite() && (!float.is_zero() || written.is_zero())).then_some(float)
    }

    /// The text without what stands between its thousands; nothing if that stands anywhere else.
    fn ungrouped(self, text: &str) -> Option<Cow<'_, str>> {
        let Some(separator) = self.thousands.filter(|separator| text.contains(*separator)) else {
            return Some(Cow::Borrowed(text));
        };
        let end = text.find([char::from(self.point), 'e', 'E']).unwrap_or(text.len());
        let (whole, rest) = text.split_at(end);
        let digits = whole.strip_prefix(['+', '-']).unwrap_or(whole);
        let mut groups = digits.split(separator);
        let first = groups.next()?;
        // `0.123` with points between thousands is more likely a fraction of somebody else's.
        let grouped = matches!(first.len(), 1..=3) && !first.starts_with('0') && groups.all(|group| group.len() == 3);
        grouped.then(|| Cow::Owned(whole.replace(separator, "") + rest))
    }
}

/// What floats have in common here.
pub(super) trait Float: FromStr {
    /// Neither infinite nor NaN.
    fn is_finite(&self) -> bool;
    /// Zero of either sign.
    fn is_zero(&self) -> bool;
}

macro_rules! float {
    ($($type:ty),*) => {$(
        impl Float for $type {
            fn is_finite(&self) -> bool {
                <$type>::is_finite(*self)
            }

            fn is_zero(&self) -> bool {
                *self == 0.0
            }
        }
    )*};
}
float!(f32, f64);

/// Whether the text stands for NaN or an infinity.
fn special(text: &str) -> bool {
    let word = text.strip_prefix(['+', '-']).unwrap_or(text);
    ["nan", "inf", "infinity"].iter().any(|special| word.eq_ignore_ascii_case(special))
}

fn signed(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        all => (false, all),
    }
}

fn number<'a>(digits: impl Iterator<Item = &'a u8>) -> i128 {
    digits.fold(0, |number, digit| number * 10 + i128::from(digit - b'0'))
}

/// A number of few enough digits for a u64, without an exponent: nearly all are.
struct Short {
    negative: bool,
    magnitude: u64,
    fraction: usize,
}

/// As many digits always fit a u64.
const SHORT: usize = 19;

impl Short {
    #[inline]
    fn read(text: &[u8], point: u8) -> Option<Self> {
        let (negative, digits) = signed(text);
        if digits.len() > SHORT {
            return None;
        }
        let (mut magnitude, mut whole) = (0u64, None);
        for (index, byte) in digits.iter().enumerate() {
            let digit = byte.wrapping_sub(b'0');
            if digit <= 9 {
                magnitude = magnitude * 10 + u64::from(digit);
            } else if *byte == point && whole.is_none() {
                whole = Some(index);
            } else {
                return None;
            }
        }
        let fraction = whole.map_or(0, |whole| digits.len() - whole - 1);
        (digits.len() > usize::from(whole.is_some())).then_some(Self { negative, magnitude, fraction })
    }

    #[inline]
    fn integer(&self) -> Option<i64> {
        let magnitude = i64::try_from(self.magnitude).ok().filter(|_| self.fraction == 0)?;
        Some(if self.negative { -magnitude } else { magnitude })
    }

    #[inline]
    fn units(&self, scale: i8) -> Option<i128> {
        let shift = i32::from(scale) - self.fraction as i32;
        let power = *POWERS[..=SHORT].get(shift.unsigned_abs() as usize)?;
        let units = if shift >= 0 {
            i128::from(self.magnitude) * power
        } else {
            let power = power as u64;
            i128::from(self.magnitude.is_multiple_of(power).then(|| self.magnitude / power)?)
        };
        Some(if self.negative { -units } else { units })
    }
}

/// A number in its parts: ±whole.fraction·10^exponent.
struct Written<'a> {
    negative: bool,
    whole: &'a [u8],
    fraction: &'a [u8],
    exponent: i64,
}

/// Exponents beyond this are taken for it: no text is long enough for the difference to matter.
const LARGEST_EXPONENT: i64 = 1 << 50;

impl<'a> Written<'a> {
    fn read(text: &'a [u8], point: u8) -> Option<Self> {
        let (negative, text) = signed(text);
        let (whole, rest) = digits(text);
        let (fraction, rest) = match rest {
            [first, rest @ ..] if *first == point => digits(rest),
            rest => (&[][..], rest),
        };
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let exponent = match rest {
            [] => 0,
            [b'e' | b'E', rest @ ..] => exponent(rest)?,
            _ => return None,
        };
        Some(Self { negative, whole, fraction, exponent })
    }

    fn is_zero(&self) -> bool {
        self.whole.iter().chain(self.fraction).all(|digit| *digit == b'0')
    }

    /// The digits of the number in units of 10^-scale, if it is a whole one.
    fn in_units(&self, scale: i8) -> Option<Digits<'a>> {
        let fraction = trim_end(self.fraction);
        let mut exponent = self.exponent + i64::from(scale) - fraction.len() as i64;
        let (mut whole, mut fraction) = (trim_start(self.whole), fraction);
        if whole.is_empty() {
            fraction = trim_start(fraction);
        }
        if fraction.is_empty() {
            let kept = trim_end(whole);
            exponent += (whole.len() - kept.len()) as i64;
            whole = kept;
        }
        let zeros = if whole.is_empty() && fraction.is_empty() { 0 } else { usize::try_from(exponent).ok()? };
        Some(Digits { negative: self.negative, whole, fraction, zeros })
    }
}

/// The digits of a whole number; the first one is not 0.
struct Digits<'a> {
    negative: bool,
    whole: &'a [u8],
    fraction: &'a [u8],
    zeros: usize,
}

impl<'a> Digits<'a> {
    fn len(&self) -> usize {
        self.whole.len() + self.fraction.len() + self.zeros
    }

    fn iter(&self) -> impl Iterator<Item = &'a u8> {
        self.whole.iter().chain(self.fraction).chain(std::iter::repeat_n(&b'0', self.zeros))
    }
}

fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len()))
}

fn exponent(text: &[u8]) -> Option<i64> {
    let (negative, text) = signed(text);
    let (digits, rest) = digits(text);
    if digits.is_empty() || !rest.is_empty() {
        return None;
    }
    let larger = |exponent: i64, digit: &u8| (exponent * 10 + i64::from(digit - b'0')).min(LARGEST_EXPONENT);
    let exponent = digits.iter().fold(0, larger);
    Some(if negative { -exponent } else { exponent })
}

fn trim_start(digits: &[u8]) -> &[u8] {
    &digits[digits.iter().position(|digit| *digit != b'0').unwrap_or(digits.len())..]
}

fn trim_end(digits: &[u8]) -> &[u8] {
    &digits[..digits.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last + 1)]
}
