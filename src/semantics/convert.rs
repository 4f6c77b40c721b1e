//! Conversions between scalars.

/// A decimal int with blanks around and a sign allowed, as `parse_int` and `to_int` read it.
pub fn parse_int(text: &str) -> Option<i64> {
    text.trim().parse().ok()
}

/// A float with blanks around, exponents, `inf` and `nan` allowed, as `parse_float` and `to_float` read it.
pub fn parse_float(text: &str) -> Option<f64> {
    text.trim().parse().ok()
}

/// A float truncated towards zero and saturated; NaN gives zero.
#[inline]
pub fn float_to_int(f: f64) -> i64 {
    f as i64
}

/// What `to_bool` makes of a string.
pub fn string_to_bool(text: &str) -> bool {
    !(text.is_empty() || text == "0" || text.eq_ignore_ascii_case("false"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ints_are_decimal_only() {
        assert_eq!(parse_int(" -7 "), Some(-7));
        assert_eq!(parse_int("+5"), Some(5));
        assert_eq!(parse_int("-9223372036854775808"), Some(i64::MIN));
        for text in ["", "1.5", "9223372036854775808", "1_000", "0x10", "--1"] {
            assert_eq!(parse_int(text), None, "{text}");
        }
        assert_eq!(float_to_int(1e30), i64::MAX);
        assert_eq!(float_to_int(f64::NAN), 0);
        assert!(!string_to_bool("FALSE") && string_to_bool(" "));
    }
}
