//! Regular expressions in the syntax of the crate `regex`, whose search takes time linear in the text for a given pattern. A
//! pattern that cannot be compiled matches nothing.

use super::Args;
use crate::runtime::error::RuntimeError;
use crate::runtime::gather::{Items, Text};
use crate::runtime::heap;
use crate::runtime::host::Host;
use crate::runtime::value::Value;
use ::regex::{Regex, RegexBuilder};
use std::collections::VecDeque;

type Outcome = Result<Value, RuntimeError>;

/// Largest compiled pattern in bytes; one that needs more counts as invalid, as `(\w{500}){500}` does.
const MAX_COMPILED: usize = 1 << 20;
/// Largest cache of states that one pattern may build while it searches, in bytes.
const MAX_STATES: usize = 1 << 20;
/// Longest pattern in bytes: to parse one takes many times its length.
const MAX_PATTERN: usize = 16 * 1024;
/// Compiled patterns that are kept.
const KEPT: usize = 16;

/// The patterns that a program has used last, the newest first; nothing for an invalid one.
#[derive(Default)]
pub struct Patterns {
    recent: VecDeque<(Box<str>, Option<Regex>)>,
}

impl Patterns {
    /// The compiled form of `pattern`, unless it is invalid or too large.
    fn get(&mut self, pattern: &str) -> Option<&Regex> {
        match self.recent.iter().position(|(known, _)| **known == *pattern) {
            Some(0) => {}
            Some(at) => {
                let found = self.recent.remove(at)?;
                self.recent.push_front(found);
            }
            None => {
                self.recent.truncate(KEPT - 1);
                self.recent.push_front((pattern.into(), compile(pattern)));
            }
        }
        self.recent.front()?.1.as_ref()
    }
}

fn compile(pattern: &str) -> Option<Regex> {
    if pattern.len() > MAX_PATTERN {
        return None;
    }
    RegexBuilder::new(pattern).size_limit(MAX_COMPILED).dfa_size_limit(MAX_STATES).build().ok()
}

/// The first `N` arguments, which must be strings.
fn texts<'a, const N: usize>(args: &'a Args<'_>, wrong: &'static str) -> Result<[&'a str; N], RuntimeError> {
    let mut texts = [""; N];
    for (at, text) in texts.iter_mut().enumerate() {
        *text = args.text(at).ok_or_else(|| RuntimeError::message(wrong))?;
    }
    Ok(texts)
}

pub(super) fn regex_match(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let [text, pattern] = texts(args, "regex_match requires two string arguments (text, pattern)")?;
    Ok(Value::bool(host.patterns().get(pattern).is_some_and(|regex| regex.is_match(text))))
}

pub(super) fn regex_find_all(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let [text, pattern] = texts(args, "regex_find_all requires two string arguments (text, pattern)")?;
    let mut found = Items::default();
    if let Some(regex) = host.patterns().get(pattern) {
        for part in regex.find_iter(text) {
            found.push(super::text::result(part.as_str())?)?;
        }
    }
    Ok(found.finish())
}

pub(super) fn regex_split(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let [text, pattern] = texts(args, "regex_split requires two string arguments (text, pattern)")?;
    let mut parts = Items::default();
    match host.patterns().get(pattern) {
        Some(regex) => {
            for part in regex.split(text) {
                parts.push(super::text::result(part)?)?;
            }
        }
        None => parts.push(args.get(0).clone())?,
    }
    Ok(parts.finish())
}

pub(super) fn regex_replace(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let wrong = "regex_replace requires three string arguments (text, pattern, replacement)";
    let [text, pattern, replacement] = texts(args, wrong)?;
    let Some(regex) = host.patterns().get(pattern) else { return Ok(args.get(0).clone()) };
    let references = memchr::memchr_iter(b'$', replacement.as_bytes()).count();
    let (mut out, mut end) = (Text::default(), 0);
    let mut expanded = String::new();
    for groups in regex.captures_iter(text) {
        let Some(whole) = groups.get(0) else { continue };
        out.push_str(&text[end..whole.start()]);
        end = whole.end();
        if references == 0 {
            out.push_str(replacement);
        } else {
            // A group lies within its match, so this is the most that can be written.
            heap::admit(replacement.len().saturating_add(references.saturating_mul(whole.len())))?;
            expanded.clear();
            groups.expand(replacement, &mut expanded);
            out.push_str(&expanded);
        }
        out.text()?;
    }
    out.push_str(&text[end..]);
    out.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_patterns_are_kept_and_large_ones_are_refused() {
        let mut patterns = Patterns::default();
        for n in 0..100 {
            assert!(patterns.get(&format!("a{{{n}}}b")).is_some());
            assert!(patterns.get("always").is_some());
        }
        assert_eq!(patterns.recent.len(), KEPT);
        assert_eq!(patterns.recent.iter().filter(|(pattern, _)| &**pattern == "always").count(), 1);
        for wrong in ["(", r"(\w{500}){500}", &"a".repeat(MAX_PATTERN + 1), &"(".repeat(1000)] {
            assert!(patterns.get(wrong).is_none());
        }
    }
}
