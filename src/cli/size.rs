//! Numbers on the command line that may be large: `1e6`, `64MB`, `none`. Exact: nothing is rounded.

/// The units of memory.
const UNITS: [(&str, u128); 9] = [
    ("B", 1),
    ("kB", 1000),
    ("MB", 1000 * 1000),
    ("GB", 1000 * 1000 * 1000),
    ("TB", 1000 * 1000 * 1000 * 1000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

/// What `--max-memory` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaxMemory {
    /// No limit.
    None,
    /// So many bytes.
    Bytes(usize),
}

/// A count: an int, perhaps with decimals and a power of ten, as `1500000`, `1_500_000`, `1.5e6`.
///
/// # Errors
/// Says what is wrong with it.
pub fn count(text: &str) -> Result<u64, String> {
    let (number, behind) = number(text)?;
    if !behind.is_empty() {
        return Err(format!("'{behind}' is not part of a number such as 1000000 or 1e6"));
    }
    whole(number, 1).and_then(|count| u64::try_from(count).map_err(|_| "it is too large".to_owned()))
}

/// An amount of memory: a [`count`], of bytes or of the unit behind it, or `none`.
///
/// # Errors
/// Says what is wrong with it.
pub fn memory(text: &str) -> Result<MaxMemory, String> {
    if text.eq_ignore_ascii_case("none") {
        return Ok(MaxMemory::None);
    }
    let (number, unit) = number(text)?;
    let unit = unit.trim_start();
    let named = UNITS.iter().find(|(name, _)| unit.is_empty() || unit.eq_ignore_ascii_case(name));
    let Some((_, size)) = named else {
        let known = UNITS.map(|(name, _)| name).join(", ");
        return Err(format!("'{unit}' is no unit of memory; the units are {known}"));
    };
    let bytes = whole(number, *size)?;
    usize::try_from(bytes).map(MaxMemory::Bytes).map_err(|_| "it is too large".to_owned())
}

/// Digits as one number, to be multiplied by a power of ten.
struct Number {
    digits: u128,
    power: i32,
}

/// The number at the start of a text, and what stands behind it.
fn number(text: &str) -> Result<(Number, &str), String> {
    let mut number = Number { digits: 0, power: 0 };
    let (mut point, mut any) = (false, false);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        match c {
            '0'..='9' => {
                any = true;
                let digit = u128::from(c as u8 - b'0');
                let digits = number.digits.checked_mul(10).and_then(|digits| digits.checked_add(digit));
                number.digits = digits.ok_or("it has too many digits")?;
                number.power -= i32::from(point);
            }
            '_' if any => {}
            '.' if any && !point => point = true,
            _ => break,
        }
        rest = &rest[1..];
    }
    if !any {
        return Err(if text.starts_with('-') { "it is negative" } else { "it does not start with a digit" }.to_owned());
    }
    if let Some(power) = rest.strip_prefix(['e', 'E']) {
        let digits = power.strip_prefix('+').unwrap_or(power);
        let len = digits.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, behind) = digits.split_at(len);
        if len > 0 {
            let power = digits.parse::<i32>().ok().filter(|&power| power < 100).ok_or("it is too large")?;
            number.power += power;
            rest = behind;
        }
    }
    Ok((number, rest))
}

/// A number of units as a number of things, of which there are no fractions.
fn whole(number: Number, unit: u128) -> Result<u128, String> {
    let large = || "it is too large".to_owned();
    let all = number.digits.checked_mul(unit).ok_or_else(large)?;
    if all == 0 {
        return Ok(0);
    }
    let ten = 10u128.checked_pow(number.power.unsigned_abs());
    match (number.power < 0, ten) {
        (false, ten) => ten.and_then(|ten| all.checked_mul(ten)).ok_or_else(large),
        (true, Some(ten)) if all % ten == 0 => Ok(all / ten),
        (true, _) => Err("it is not a whole number".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts() {
        for (text, expected) in [
            ("0", 0),
            ("1000", 1000),
            ("1_000_000", 1_000_000),
            ("1e6", 1_000_000),
            ("1E+6", 1_000_000),
            ("2.5e3", 2500),
            ("2.50e1", 25),
            ("10.0", 10),
            ("0e99", 0),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(count(text), Ok(expected), "{text}");
        }
        for (text, reason) in [
            ("", "start with a digit"),
            ("x", "start with a digit"),
            (".5", "start with a digit"),
            ("-1", "negative"),
            ("1.5", "whole number"),
            ("1e-3", "'e-3'"),
            ("1e", "'e'"),
            ("1MB", "'MB'"),
            ("1 000", "' 000'"),
            ("18446744073709551616", "too large"),
            ("1e99", "too large"),
            ("1e100", "too large"),
            ("9999999999999999999999999999999999999999", "too many digits"),
        ] {
            let refused = count(text).expect_err(text);
            assert!(refused.contains(reason), "{text}: {refused}");
        }
    }

    #[test]
    fn amounts_of_memory() {
        for (text, expected) in [
            ("50000000", 50_000_000),
            ("64MB", 64_000_000),
            ("64mb", 64_000_000),
            ("64 MB", 64_000_000),
            ("64MiB", 64 << 20),
            ("1.5kB", 1500),
            ("0.5KiB", 512),
            ("2GiB", 2 << 30),
            ("1e6", 1_000_000),
            ("1e3kB", 1_000_000),
            ("7B", 7),
        ] {
            assert_eq!(memory(text), Ok(MaxMemory::Bytes(expected)), "{text}");
        }
        assert_eq!(memory("none"), Ok(MaxMemory::None));
        for (text, reason) in
            [("64M", "'M' is no unit"), ("64 apples", "'apples'"), ("0.1B", "whole number"), ("many", "a digit")]
        {
            let refused = memory(text).expect_err(text);
            assert!(refused.contains(reason), "{text}: {refused}");
        }
    }
}
