//! The text of scalars: what printing, interpolation and `to_string` show.

use std::fmt::Write;

/// Appends a float: the shortest digits that read back equal, never an exponent, no trailing `.0`.
pub fn write_float(out: &mut String, f: f64) {
    let _ = write!(out, "{f}");
}

/// Appends an int.
pub fn write_int(out: &mut String, i: i64) {
    let _ = write!(out, "{i}");
}

/// The text of a bool.
pub fn bool_text(b: bool) -> &'static str {
    if b { "true" } else { "false" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn float(f: f64) -> String {
        let mut out = String::new();
        write_float(&mut out, f);
        out
    }

    #[test]
    fn floats_have_no_exponent() {
        assert_eq!(float(1.0), "1");
        assert_eq!(float(1e21), "1000000000000000000000");
        assert_eq!(float(1e-7), "0.0000001");
        assert_eq!(float(-0.0), "-0");
        assert_eq!(float(f64::NEG_INFINITY), "-inf");
        assert_eq!(float(f64::NAN), "NaN");
        assert_eq!(float(-f64::NAN), "NaN");
    }

    #[test]
    fn ints_are_decimal() {
        for i in [0, 7, 10, -1, i64::MAX, i64::MIN] {
            let mut out = String::new();
            write_int(&mut out, i);
            assert_eq!(out, i.to_string());
        }
    }
}
