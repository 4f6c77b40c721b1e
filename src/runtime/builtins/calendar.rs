//! Dates as text, in UTC and the proleptic Gregorian calendar (algorithms: Howard Hinnant, "chrono-compatible low-level date
//! algorithms"), and durations.

use super::Args;
use crate::runtime::error::RuntimeError;
use crate::runtime::host::Host;
use crate::runtime::value::Value;
use std::fmt::Write;

type Outcome = Result<Value, RuntimeError>;

const DAY: i64 = 86_400;

/// Moments whose year has four digits, as seconds: later and earlier ones are taken for the nearest.
const RANGE: (i64, i64) = (-62_167_219_200, 253_402_300_799);

/// Year, month, day, hour, minute, second.
struct Moment([i64; 6]);

/// The parts a pattern names, with their places in a [`Moment`].
const PARTS: [(&str, usize); 6] = [("YYYY", 0), ("MM", 1), ("DD", 2), ("HH", 3), ("mm", 4), ("ss", 5)];

impl Moment {
    fn of(seconds: i64) -> Moment {
        let seconds = seconds.clamp(RANGE.0, RANGE.1);
        let (days, rest) = (seconds.div_euclid(DAY) + 719_468, seconds.rem_euclid(DAY));
        let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let day = day - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = year + era * 400 + i64::from(month <= 2);
        Moment([year, month, day, rest / 3600, rest / 60 % 60, rest % 60])
    }

    fn seconds(&self) -> i64 {
        let [year, month, day, hour, minute, second] = self.0;
        let year = year - i64::from(month <= 2);
        let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let days = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
        let days = of_era * 365 + of_era / 4 - of_era / 100 + days + era * 146_097 - 719_468;
        days * DAY + hour * 3600 + minute * 60 + second
    }

    fn text(&self, pattern: &str) -> String {
        let mut out = String::new();
        let mut rest = pattern;
        while let Some(c) = rest.chars().next() {
            match PARTS.iter().find(|(name, _)| rest.starts_with(name)) {
                Some(&(name, at)) => {
                    let _ = write!(out, "{:0width$}", self.0[at], width = name.len());
                    rest = &rest[name.len()..];
                }
                None => {
                    out.push(c);
                    rest = &rest[c.len_utf8()..];
                }
            }
        }
        out
    }

    /// Reads a text by a pattern; the text and the pattern end together.
    fn read(text: &str, pattern: &str) -> Option<Moment> {
        let mut moment = Moment([1970, 1, 1, 0, 0, 0]);
        let (mut rest, mut text) = (pattern, text);
        while let Some(c) = rest.chars().next() {
            match PARTS.iter().find(|(name, _)| rest.starts_with(name)) {
                Some(&(name, at)) => {
                    let digits = text.get(..name.len()).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
                    moment.0[at] = digits.parse().ok()?;
                    (rest, text) = (&rest[name.len()..], &text[name.len()..]);
                }
                None => (rest, text) = (&rest[c.len_utf8()..], text.strip_prefix(c)?),
            }
        }
        let exists = Moment::of(moment.seconds()).0 == moment.0;
        (text.is_empty() && exists).then_some(moment)
    }
}

pub(super) fn format_date(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    match (args.get(0).as_number(), args.text(1)) {
        (Some(seconds), Some(pattern)) => Ok(Value::string(&Moment::of(seconds.floor() as i64).text(pattern))),
        _ => Err(RuntimeError::message("format_date requires timestamp (number) and format string")),
    }
}

pub(super) fn parse_date(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let (Some(text), Some(pattern)) = (args.text(0), args.text(1)) else {
        return Err(RuntimeError::message("parse_date requires date string and format string"));
    };
    match Moment::read(text, pattern) {
        Some(moment) => Ok(Value::float(moment.seconds() as f64)),
        None => Err(RuntimeError::message(format!("Cannot parse date '{text}' with format '{pattern}'"))),
    }
}

pub(super) fn format_duration(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let Some(ms) = args.get(0).as_number() else {
        return Err(RuntimeError::message("format_duration requires a number argument (milliseconds)"));
    };
    Ok(Value::string(&match ms {
        _ if ms >= 1e3 => format!("{:.2}s", ms / 1e3),
        _ if ms >= 1.0 => format!("{ms:.2}ms"),
        _ if ms >= 1e-3 => format!("{:.2}μs", ms * 1e3),
        _ => format!("{:.0}ns", ms * 1e6),
    }))
}

pub(super) fn now_unix(host: &mut Host, _: &mut Args<'_>) -> Outcome {
    Ok(Value::int(host.since_epoch().as_secs() as i64))
}

pub(super) fn now_utc(host: &mut Host, _: &mut Args<'_>) -> Outcome {
    Ok(Value::string(&Moment::of(host.since_epoch().as_secs() as i64).text("YYYY-MM-DDTHH:mm:ssZ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_eight_centuries_comes_back() {
        for day in (-200 * 366..600 * 366).map(|day| day * DAY + day.rem_euclid(DAY)) {
            let moment = Moment::of(day);
            assert_eq!(moment.seconds(), day);
            let text = moment.text("YYYY-MM-DD HH:mm:ss");
            assert_eq!(Moment::read(&text, "YYYY-MM-DD HH:mm:ss").map(|read| read.seconds()), Some(day), "{text}");
        }
        assert_eq!(Moment::of(951_782_400).text("DD.MM.YYYY"), "29.02.2000");
        for (text, pattern) in
            [("2023-02-29", "YYYY-MM-DD"), ("2023-1-01", "YYYY-MM-DD"), ("2023", "YYYY-"), ("é023", "YYYY")]
        {
            assert!(Moment::read(text, pattern).is_none(), "{text}");
        }
    }
}
