//! Hashes of values of any kind: values that are equal have a hash in common.
//!
//! Equality of floats has a tolerance, so no single hash will do. A number below two in magnitude is rounded to a cell that is many
//! tolerances wide; a number that is closer than the tolerance to the next cell may equal one that is in it. A value is stored under
//! the hash of the cells it is in ([`Hashes::stored`]), and looked for under the hashes of all combinations of cells that a value
//! equal to it may be in ([`Hashes::all`]). Other numbers equal only what has the same float.
//!
//! What is hashed is a sum of the scalars and lengths that are visited, each times a factor of its place, so that a hash with another
//! cell somewhere differs by a known amount. Places are counted in an order that equal values share: fields by name, entries by key.
//! Elements of a set in a value share a factor. At most [`LIMIT`] places are visited, so shared parts do no harm.

use super::budget;
use super::dict::DictRef;
use super::heap::Kind;
use super::operators;
use super::string;
use super::value::{Value, View};
use crate::semantics::compare::EPSILON;
use crate::semantics::number::Number;
use smallvec::SmallVec;

/// Places visited at most.
const LIMIT: usize = 1 << 16;
/// Places with two cells that are told apart at most: the hashes of all combinations are tried.
const DOUBTFUL: usize = 6;

/// The hashes of a value.
pub struct Hashes {
    sum: u64,
    /// What another cell adds.
    deltas: SmallVec<[u64; DOUBTFUL]>,
    /// Some places with two cells were left out.
    complete: bool,
}

/// What a value hashes to.
pub enum Hashed {
    /// It equals a value only if they have a hash in common.
    Under(Hashes),
    /// It equals nothing, itself included.
    Unequal,
}

impl Hashes {
    /// The hash to store it under.
    pub fn stored(&self) -> u32 {
        finish(self.sum)
    }

    /// The hashes under which values equal to it may be stored; `None` if they are too many.
    pub fn all(&self) -> Option<impl Iterator<Item = u32> + '_> {
        self.complete.then(|| {
            (0..1u32 << self.deltas.len()).map(|chosen| {
                let others = self.deltas.iter().enumerate().filter(|(at, _)| chosen >> at & 1 != 0);
                finish(others.fold(self.sum, |sum, (_, delta)| sum.wrapping_add(*delta)))
            })
        })
    }

    fn doubt(&mut self, delta: u64) {
        if self.deltas.len() < DOUBTFUL { self.deltas.push(delta) } else { self.complete = false }
    }
}

/// Spreads all bits over all bits (the finisher of MurmurHash3).
fn mix(mut x: u64) -> u64 {
    x = (x ^ x >> 33).wrapping_mul(0xFF51_AFD7_ED55_8CCD);
    x = (x ^ x >> 33).wrapping_mul(0xC4CE_B9FE_1A85_EC53);
    x ^ x >> 33
}

fn finish(sum: u64) -> u32 {
    (mix(sum) >> 32) as u32
}

/// A hash for what no look-up finds, another for each number.
pub fn scattered(number: usize) -> u32 {
    finish(number as u64)
}

/// What kinds of scalars and containers add to the sum besides their content.
#[derive(Clone, Copy)]
enum Mark {
    Null = 1,
    Bool,
    Cell,
    Int,
    Float,
    Text,
    Bytes,
    Function,
    Array,
    Dict,
    Key,
    Struct,
    Set,
    Queue,
    Stack,
    Tagged,
    Outcome,
}

fn token(mark: Mark, content: u64) -> u64 {
    mix(content.wrapping_add((mark as u64) << 58))
}

/// How wide the cells of numbers are.
#[derive(Clone, Copy, PartialEq)]
enum Cells {
    /// Sixteen tolerances: for a number alone, which has a neighbour in one case of eight.
    Narrow,
    /// 28 bits of precision down to 2^-18, 64 tolerances below: hardly ever is a number of ordinary size near an edge, so that a value
    /// of many numbers has few doubtful ones.
    Wide,
}

impl Cells {
    /// The number of the cell, which does not fall where the float rises. Its magnitude is below two.
    fn of(self, float: f64) -> i64 {
        const FINEST: f64 = 1.0 / (1 << 18) as f64;
        const DROPPED: u64 = 24;
        let size = float.abs();
        let cell = match self {
            Cells::Narrow => (size * (1u64 << 48) as f64).round() as i64,
            Cells::Wide if size < FINEST => (size * (1u64 << 46) as f64).round() as i64,
            Cells::Wide => {
                let steps = size.to_bits() - FINEST.to_bits() + (1 << (DROPPED - 1));
                (1 << 28) + (steps >> DROPPED) as i64
            }
        };
        if float < 0.0 { -cell } else { cell }
    }
}

/// A number that is not NaN: what it adds, and what it may add instead.
fn number_tokens(number: Number, cells: Cells) -> (u64, Option<u64>) {
    const EXACT: u64 = 1 << 53;
    let float = match number {
        Number::Int(int) if (2..=EXACT).contains(&int.unsigned_abs()) => return (token(Mark::Int, int as u64), None),
        number => number.to_float(),
    };
    if float.abs() >= 2.0 {
        let whole = float.abs() <= EXACT as f64 && float.fract() == 0.0;
        let found = if whole { token(Mark::Int, float as i64 as u64) } else { token(Mark::Float, float.to_bits()) };
        return (found, None);
    }
    let cell = cells.of(float);
    let other = [float - EPSILON, float + EPSILON]
        .into_iter()
        .filter(|near| near.abs() < 2.0)
        .map(|near| cells.of(near))
        .find(|&near| near != cell);
    (token(Mark::Cell, cell as u64), other.map(|other| token(Mark::Cell, other as u64)))
}

/// What a value that holds no others adds.
enum Scalar {
    Adds(u64, Option<u64>),
    Unequal,
    Container,
}

fn scalar(value: &Value, cells: Cells) -> Scalar {
    let found = match value.view() {
        View::Null | View::Internal => token(Mark::Null, 0),
        View::Bool(b) => token(Mark::Bool, b as u64),
        View::Int(_) | View::Float(_) => match operators::number(value) {
            Some(Number::Float(f)) if f.is_nan() => return Scalar::Unequal,
            Some(number) => {
                let (found, other) = number_tokens(number, cells);
                return Scalar::Adds(found, other);
            }
            None => token(Mark::Null, 0),
        },
        View::Str(text) => token(Mark::Text, (text.as_str().len() as u64) << 32 | u64::from(text.hash())),
        View::Function(_) => token(Mark::Function, value.word().0 & ((1 << 48) - 1)),
        View::Bytes(bytes) => {
            let all = bytes.as_slice();
            token(Mark::Bytes, u64::from(string::hash_bytes(&all[..all.len().min(LIMIT)])))
        }
        View::Iterator(_) | View::Generator(_) | View::Promise(_) | View::Channel(_) | View::Task(_) => {
            return Scalar::Unequal;
        }
        View::Array(_) | View::Dict(_) | View::Struct(_) | View::Collection(_) | View::Tagged(_) | View::Outcome(_) => {
            return Scalar::Container;
        }
    };
    Scalar::Adds(found, None)
}

/// Values of a container that are still to be visited.
enum Waiting<'a> {
    Slice(std::slice::Iter<'a, Value>),
    Listed(std::vec::IntoIter<&'a Value>),
}

impl<'a> Waiting<'a> {
    fn next(&mut self) -> Option<&'a Value> {
        match self {
            Waiting::Slice(values) => values.next(),
            Waiting::Listed(values) => values.next(),
        }
    }
}

/// The sum in the making.
struct Walk {
    hashes: Hashes,
    places: usize,
}

impl Walk {
    /// The factor of the next place.
    fn factor(&mut self) -> u64 {
        self.places += 1;
        mix(self.places as u64) | 1
    }

    fn add(&mut self, found: u64, other: Option<u64>, factor: u64) {
        let sum = &mut self.hashes.sum;
        *sum = sum.wrapping_add(found.wrapping_mul(factor));
        if let Some(other) = other {
            self.hashes.doubt(other.wrapping_sub(found).wrapping_mul(factor));
        }
    }

    fn add_length(&mut self, mark: Mark, length: usize) {
        let factor = self.factor();
        self.add(token(mark, length as u64), None, factor);
    }

    /// Adds what a container adds besides its elements, and returns these; `None` if it equals nothing.
    fn open<'a>(&mut self, value: &'a Value) -> Option<Waiting<'a>> {
        let (mark, elements) = match value.view() {
            View::Array(elements) => (Mark::Array, elements),
            View::Tagged(tagged) => {
                self.add_length(Mark::Tagged, tagged.tag().text().as_ptr() as usize);
                (Mark::Tagged, tagged.payload())
            }
            View::Outcome(outcome) => {
                self.add_length(Mark::Outcome, outcome.variant() as usize);
                (Mark::Outcome, std::slice::from_ref(outcome.value()))
            }
            View::Struct(object) => {
                self.add_length(Mark::Struct, object.shape().family());
                let fields = object.sorted_fields();
                for (name, _) in &fields {
                    let factor = self.factor();
                    self.add(token(Mark::Key, u64::from(string::hash_bytes(name.as_bytes()))), None, factor);
                }
                let values: Vec<_> = fields.into_iter().map(|(_, value)| value).collect();
                return Some(Waiting::Listed(values.into_iter()));
            }
            View::Dict(dict) => {
                self.add_length(Mark::Dict, dict.len());
                return Some(Waiting::Listed(self.entries(dict).into_iter()));
            }
            View::Collection(collection) if collection.kind() == Kind::Set => {
                self.add_length(Mark::Set, collection.len());
                // Elements are in no order, so all of them have the factor of the set; those that hold others tell nothing.
                let factor = self.factor();
                if collection.len() > LIMIT.saturating_sub(self.places) {
                    return Some(Waiting::Slice([].iter()));
                }
                self.places += collection.len();
                for element in collection.items() {
                    match scalar(element, Cells::Wide) {
                        Scalar::Adds(found, other) => self.add(mix(found), other.map(mix), factor),
                        Scalar::Unequal => return None,
                        Scalar::Container => {}
                    }
                }
                return Some(Waiting::Slice([].iter()));
            }
            View::Collection(collection) => {
                let mark = if collection.kind() == Kind::Queue { Mark::Queue } else { Mark::Stack };
                (mark, collection.as_slice())
            }
            _ => (Mark::Array, [].as_slice()),
        };
        self.add_length(mark, elements.len());
        Some(Waiting::Slice(elements.iter()))
    }

    /// The values of a dict in the order of the keys, which it adds; nothing if they are too many.
    fn entries<'a>(&mut self, dict: DictRef<'a>) -> Vec<&'a Value> {
        if dict.len() > LIMIT.saturating_sub(self.places) {
            return Vec::new();
        }
        let mut entries: Vec<_> = dict.entries().collect();
        // Stored keys are ints that fit inline, or texts that are no such int.
        entries.sort_unstable_by(|(a, _), (b, _)| (a.as_int(), a.as_str()).cmp(&(b.as_int(), b.as_str())));
        for (key, _) in &entries {
            if let Scalar::Adds(found, _) = scalar(key, Cells::Wide) {
                let factor = self.factor();
                self.add(found ^ token(Mark::Key, 0), None, factor);
            }
        }
        entries.into_iter().map(|(_, value)| value).collect()
    }
}

/// The hashes of a value.
pub fn hashes(value: &Value) -> Hashed {
    let mut walk = Walk { hashes: Hashes { sum: 0, deltas: SmallVec::new(), complete: true }, places: 0 };
    match scalar(value, Cells::Narrow) {
        Scalar::Adds(found, other) => {
            walk.add(found, other, 1);
            return Hashed::Under(walk.hashes);
        }
        Scalar::Unequal => return Hashed::Unequal,
        Scalar::Container => {}
    }
    let mut waiting = SmallVec::<[Waiting<'_>; 8]>::new();
    let Some(elements) = walk.open(value) else { return Hashed::Unequal };
    waiting.push(elements);
    while let Some(elements) = waiting.last_mut() {
        let Some(element) = elements.next() else {
            waiting.pop();
            continue;
        };
        if walk.places >= LIMIT {
            break;
        }
        match scalar(element, Cells::Wide) {
            Scalar::Adds(found, other) => {
                let factor = walk.factor();
                walk.add(found, other, factor);
            }
            Scalar::Unequal => return Hashed::Unequal,
            Scalar::Container => match walk.open(element) {
                Some(elements) => waiting.push(elements),
                None => return Hashed::Unequal,
            },
        }
    }
    budget::spend(walk.places / budget::ELEMENTS);
    Hashed::Under(walk.hashes)
}

#[cfg(test)]
mod tests {
    use super::super::operators::equals;
    use super::*;

    fn meet(a: &Value, b: &Value) -> bool {
        let (Hashed::Under(a), Hashed::Under(b)) = (hashes(a), hashes(b)) else { return false };
        let stored = b.stored();
        a.all().is_none_or(|mut all| all.any(|hash| hash == stored))
    }

    /// Floats around edges of cells of both widths, around whole numbers and around zero.
    fn floats() -> Vec<f64> {
        let mut found = vec![0.0, -0.0, 0.1 + 0.2, 0.3, 1e300, f64::INFINITY, f64::NEG_INFINITY, 9007199254740993.0];
        let mut centres = vec![0.0, 1.0, -1.0, 2.0, 3.0, 0.5, -0.25, 1.0 / (1 << 18) as f64, 1e-7, 4503599627370496.0];
        centres.extend([46, 48].map(|bits| 0.5 / (1u64 << bits) as f64));
        centres.push(f64::from_bits(0.7f64.to_bits() >> 24 << 24 | 1 << 23));
        for centre in centres {
            for step in -40..=40 {
                found.push(centre + f64::from(step) * EPSILON / 8.0);
            }
        }
        found
    }

    #[test]
    fn equal_numbers_meet_whichever_is_stored() {
        let mut numbers: Vec<Value> = floats().into_iter().map(Value::float).collect();
        numbers.extend([0, 1, -1, 2, 3, 1 << 53, (1 << 53) + 1, i64::MAX, i64::MIN, -(1 << 53) - 1].map(Value::int));
        let mut equal = 0;
        for a in &numbers {
            for b in &numbers {
                let (one, two) = (Value::array(vec![a.clone()]), Value::array(vec![b.clone()]));
                if equals(a, b).unwrap() {
                    equal += 1;
                    assert!(meet(a, b) && meet(&one, &two), "{a:?} {b:?}");
                }
            }
        }
        assert!(equal > 2 * numbers.len());
    }

    #[test]
    fn different_values_hardly_ever_meet() {
        let values: Vec<Value> = (0..500)
            .flat_map(|i| {
                let float = f64::from(i) * 0.001;
                let pair = Value::array(vec![Value::float(float), Value::int(i.into())]);
                [Value::int(i64::from(i) + 2), Value::float(float + 1e-9), pair, Value::string(&format!("t{i}"))]
            })
            .collect();
        let met = values.iter().enumerate().map(|(i, a)| values[..i].iter().filter(|b| meet(a, b)).count());
        assert!(met.sum::<usize>() < 4);
    }

    #[test]
    fn what_is_unequal_to_itself_is_said_to_be() {
        let nan = Value::float(f64::NAN);
        assert!(matches!(hashes(&nan), Hashed::Unequal));
        assert!(matches!(hashes(&Value::array(vec![Value::array(vec![Value::NULL, nan])])), Hashed::Unequal));
    }

    #[test]
    fn shared_parts_and_depth_cost_what_the_limit_allows() {
        let (mut shared, mut deep) = (Value::int(1), Value::int(1));
        for _ in 0..200 {
            shared = Value::array(vec![shared.clone(), shared]);
        }
        for _ in 0..200_000 {
            deep = Value::array(vec![deep]);
        }
        budget::set_fuel(1 << 30);
        assert!(matches!((hashes(&shared), hashes(&deep)), (Hashed::Under(_), Hashed::Under(_))));
        assert!((1 << 30) - budget::fuel() <= 2 * (LIMIT / budget::ELEMENTS + 1) as u64);
        budget::set_fuel(u64::MAX);
    }
}
