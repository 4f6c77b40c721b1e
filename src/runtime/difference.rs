//! Where two unequal values differ, as help lines: the path to the first parts that differ, and what is more or less in the
//! containers on the way there.
//!
//! The walk goes down from the outermost containers, at each level to the first parts that are unequal. Each level compares again
//! what the levels above have compared, so it ends at a depth that nobody reads.

use super::budget;
use super::collection::CollectionRef;
use super::dict::{DictRef, Key, key_text};
use super::display;
use super::elements::Found;
use super::error::RuntimeError;
use super::heap::Kind;
use super::operators;
use super::structure::StructRef;
use super::value::{Value, View};
use crate::base::hint::Situation;

/// Levels of the path.
const MOST_LEVELS: usize = 32;
/// Names, keys or elements listed.
const MOST_LISTED: usize = 6;
/// Characters of a text that are shown; longer ones are shown around the first difference.
const MOST_CHARACTERS: usize = 40;
/// Characters that stand before the first difference.
const BEFORE: usize = 12;

type Lines = Result<Vec<String>, RuntimeError>;

/// What helps to see where two values that are not equal differ; nothing for two numbers and the like.
///
/// # Errors
/// There is no fuel for looking.
pub fn of(actual: &Value, expected: &Value) -> Lines {
    budget::attempt(|| {
        let mut walk = Walk { place: String::new(), first: Vec::new(), sizes: Vec::new() };
        let mut next = walk.step(actual, expected)?;
        for _ in 1..MOST_LEVELS {
            let Some(Inside { place, actual, expected }) = next else { break };
            walk.place.push_str(&place);
            next = walk.step(actual, expected)?;
        }
        if let Some(Inside { place, actual, expected }) = next {
            walk.place.push_str(&place);
            walk.place.push_str("...");
            walk.differ(&shown(actual), &shown(expected));
        }
        Ok([walk.first, walk.sizes].concat())
    })
}

/// What a container holds, for one that lacks something: the elements or the keys.
pub fn contents(container: &Value) -> Vec<String> {
    match container.view() {
        View::Array(elements) if !elements.is_empty() => {
            vec![Situation::Elements.advice(&[&listed(elements.iter().map(shown))])]
        }
        View::Dict(dict) if !dict.is_empty() => {
            let keys = dict.entries().take(MOST_LISTED + 1).map(|(key, _)| quoted(&key_text(key)));
            vec![Situation::Keys.advice(&[&listed_of(keys, dict.len())])]
        }
        _ => Vec::new(),
    }
}

/// Two parts that are unequal, and where they are in the containers that hold them.
struct Inside<'a> {
    place: String,
    actual: &'a Value,
    expected: &'a Value,
}

struct Walk {
    /// The path so far.
    place: String,
    /// Where the first difference is.
    first: Vec<String>,
    /// How the containers on the way differ in size, the outermost first.
    sizes: Vec<String>,
}

impl Walk {
    fn line(&self, place: &str, situation: Situation, facts: &[&str]) -> String {
        let text = situation.advice(facts);
        match (self.place.as_str(), place) {
            ("", "") => text,
            (outer, inner) => format!("at {outer}{inner}: {text}"),
        }
    }

    fn differ(&mut self, actual: &str, expected: &str) {
        self.first.push(self.line("", Situation::Differs, &[expected, actual]));
    }

    fn size(&mut self, situation: Situation, facts: &[&str]) {
        self.sizes.push(self.line("", situation, facts));
    }

    /// Looks at two unequal values; the first unequal parts of them, if they are containers of the same kind that have such.
    fn step<'a>(&mut self, actual: &'a Value, expected: &'a Value) -> Result<Option<Inside<'a>>, RuntimeError> {
        match (actual.view(), expected.view()) {
            (View::Array(a), View::Array(b)) => return self.sequences(a, b, ['[', ']']),
            (View::Bytes(a), View::Bytes(b)) => self.bytes(a.as_slice(), b.as_slice()),
            (View::Str(a), View::Str(b)) => self.texts(a.as_str(), b.as_str()),
            (View::Dict(a), View::Dict(b)) => return self.dicts(a, b),
            (View::Struct(a), View::Struct(b)) if a.name() == b.name() => return self.structs(a, b),
            (View::Tagged(a), View::Tagged(b)) if a.tag() == b.tag() => {
                return self.sequences(a.payload(), b.payload(), ['(', ')']);
            }
            (View::Outcome(a), View::Outcome(b)) if a.variant() == b.variant() => {
                return Ok(Some(Inside { place: "(0)".to_owned(), actual: a.value(), expected: b.value() }));
            }
            (View::Collection(a), View::Collection(b)) if a.kind() == b.kind() => {
                if a.kind() != Kind::Set {
                    return self.sequences(a.as_slice(), b.as_slice(), ['[', ']']);
                }
                self.sets(a, b)?;
            }
            // What a message of two plain values says itself.
            _ if self.place.is_empty() => {}
            _ => self.differ(&shown(actual), &shown(expected)),
        }
        Ok(None)
    }

    fn sequences<'a>(
        &mut self,
        actual: &'a [Value],
        expected: &'a [Value],
        [open, close]: [char; 2],
    ) -> Result<Option<Inside<'a>>, RuntimeError> {
        let (have, want) = (actual.len(), expected.len());
        if have != want {
            self.size(Situation::DiffersLength, &[&want.to_string(), &have.to_string()]);
        }
        for (at, (actual, expected)) in actual.iter().zip(expected).enumerate() {
            if at % budget::BYTES == 0 {
                budget::charge(budget::BYTES / budget::ELEMENTS)?;
            }
            if !operators::equals(actual, expected)? {
                return Ok(Some(Inside { place: format!("{open}{at}{close}"), actual, expected }));
            }
        }
        let at = have.min(want);
        let part = |values: &[Value]| values.get(at).map_or_else(|| "nothing".to_owned(), shown);
        if have != want {
            let place = format!("{open}{at}{close}");
            let line = self.line(&place, Situation::Differs, &[&part(expected), &part(actual)]);
            self.first.push(line);
        }
        Ok(None)
    }

    fn bytes(&mut self, actual: &[u8], expected: &[u8]) {
        let same = actual.iter().zip(expected).take_while(|(a, b)| a == b).count();
        let part = |bytes: &[u8]| bytes.get(same).map_or_else(|| "nothing".to_owned(), u8::to_string);
        let line = self.line(&format!("[{same}]"), Situation::Differs, &[&part(expected), &part(actual)]);
        self.first.push(line);
        if actual.len() != expected.len() {
            let (want, have) = (expected.len().to_string(), actual.len().to_string());
            self.size(Situation::DiffersLength, &[&want, &have]);
        }
    }

    fn texts(&mut self, actual: &str, expected: &str) {
        let (have, want) = (actual.chars().count(), expected.chars().count());
        if have.max(want) <= MOST_CHARACTERS {
            if !self.place.is_empty() {
                self.differ(&quoted(actual), &quoted(expected));
            }
            return;
        }
        let same = actual.chars().zip(expected.chars()).take_while(|(a, b)| a == b).count();
        let around = |text: &str, length: usize| {
            let from = same.saturating_sub(BEFORE);
            let piece: String = text.chars().skip(from).take(MOST_CHARACTERS).collect();
            let before = if from > 0 { "..." } else { "" };
            let after = if from + MOST_CHARACTERS < length { "..." } else { "" };
            format!("{before}{piece:?}{after}")
        };
        let facts = [same.to_string(), around(expected, want), around(actual, have)];
        let line = self.line("", Situation::DiffersText, &facts.each_ref().map(String::as_str));
        self.first.push(line);
        if have != want {
            self.size(Situation::DiffersCharacters, &[&want.to_string(), &have.to_string()]);
        }
    }

    /// What one of two containers has and the other has not.
    fn lacks(&mut self, missing: Vec<String>, missing_count: usize, extra: Vec<String>, extra_count: usize) {
        for (list, count, situation) in
            [(missing, missing_count, Situation::Missing), (extra, extra_count, Situation::Extra)]
        {
            if count > 0 {
                self.size(situation, &[&listed_of(list.into_iter(), count)]);
            }
        }
    }

    fn dicts<'a>(&mut self, actual: DictRef<'a>, expected: DictRef<'a>) -> Result<Option<Inside<'a>>, RuntimeError> {
        budget::charge((actual.len() + expected.len()) / budget::ELEMENTS)?;
        let other = |dict: DictRef<'a>, key: &'a Value| Key::of(key).and_then(|key| dict.get(&key));
        let only = |one: DictRef<'a>, two: DictRef<'a>| {
            let keys = one.entries().filter(|(key, _)| other(two, key).is_none());
            let keys: Vec<String> = keys.map(|(key, _)| quoted(&key_text(key))).collect();
            (keys.len(), keys)
        };
        let ((missing_count, missing), (extra_count, extra)) = (only(expected, actual), only(actual, expected));
        self.lacks(missing, missing_count, extra, extra_count);
        for (key, expected) in expected.entries() {
            if let Some(actual) = other(actual, key)
                && !operators::equals(actual, expected)?
            {
                return Ok(Some(Inside { place: format!("[{}]", quoted(&key_text(key))), actual, expected }));
            }
        }
        Ok(None)
    }

    fn structs<'a>(
        &mut self,
        actual: StructRef<'a>,
        expected: StructRef<'a>,
    ) -> Result<Option<Inside<'a>>, RuntimeError> {
        let only = |one: StructRef<'a>, two: StructRef<'a>| {
            let fields = one.shape().fields().into_iter().filter(|field| two.get(field).is_none());
            let fields: Vec<String> = fields.map(|field| format!(".{field}")).collect();
            (fields.len(), fields)
        };
        let ((missing_count, missing), (extra_count, extra)) = (only(expected, actual), only(actual, expected));
        self.lacks(missing, missing_count, extra, extra_count);
        for (field, expected) in expected.shape().fields().into_iter().zip(expected.values()) {
            if let Some(actual) = actual.get(field)
                && !operators::equals(actual, expected)?
            {
                return Ok(Some(Inside { place: format!(".{field}"), actual, expected }));
            }
        }
        Ok(None)
    }

    fn sets(&mut self, actual: CollectionRef<'_>, expected: CollectionRef<'_>) -> Result<(), RuntimeError> {
        budget::charge((actual.len() + expected.len()) / budget::ELEMENTS)?;
        let only = |one: CollectionRef<'_>, two: CollectionRef<'_>| {
            let (mut count, mut elements) = (0, Vec::new());
            for element in one.items() {
                if let Found::Missing(_) = two.find(element)? {
                    count += 1;
                    if elements.len() <= MOST_LISTED {
                        elements.push(shown(element));
                    }
                }
            }
            Ok::<_, RuntimeError>((count, elements))
        };
        let ((missing_count, missing), (extra_count, extra)) = (only(expected, actual)?, only(actual, expected)?);
        self.lacks(missing, missing_count, extra, extra_count);
        Ok(())
    }
}

/// A value in a few words: plain ones as a program writes them, containers by kind and size.
fn shown(value: &Value) -> String {
    match value.view() {
        View::Str(text) => quoted(text.as_str()),
        View::Struct(object) => format!("{} {{ {} fields }}", object.name(), object.values().len()),
        View::Tagged(tagged) if !tagged.payload().is_empty() => format!("{}(...)", tagged.tag().text()),
        View::Outcome(outcome) => match outcome.value().view() {
            View::Null => outcome.variant().name().to_owned(),
            _ => format!("{}(...)", outcome.variant().name()),
        },
        View::Array(_) | View::Dict(_) | View::Collection(_) | View::Bytes(_) => {
            display::assertion(value).unwrap_or_default()
        }
        // Functions, handles, numbers: short in every form.
        _ => display::text(value).unwrap_or_default(),
    }
}

/// A text between quotes, cut where it is long.
fn quoted(text: &str) -> String {
    match text.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => format!("{:?}...", &text[..end]),
        None => format!("{text:?}"),
    }
}

fn listed(items: impl ExactSizeIterator<Item = String>) -> String {
    let count = items.len();
    listed_of(items, count)
}

/// The first of `count` items.
fn listed_of(items: impl Iterator<Item = String>, count: usize) -> String {
    let mut items: Vec<String> = items.take(MOST_LISTED).collect();
    if count > items.len() {
        items.push(format!("{} more", count - items.len()));
    }
    items.join(", ")
}
