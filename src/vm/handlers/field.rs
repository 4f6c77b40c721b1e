//! Sequences over fields of structs, in one dispatch: arithmetic on fields. The loader
//! installs them at the first instruction (`vm/fusion.rs`); what is not in its common case runs in the instructions' own handlers,
//! as in `chain.rs`.

use super::chain::{Floats, Ints, Kind, Numbers, Operation, chains, kind_of};
use super::place::cached;
use super::structure::{CACHED_PLACE, field_get};
use crate::runtime::heap::IMMORTAL;
use crate::runtime::word::Word;
use crate::vm::dispatch::Machine;

/// Words of a `field_get`.
const FIELD_GET: usize = 5;

/// The field that the `field_get` at `m` reads, if it is not counted.
#[inline(always)]
unsafe fn field(m: Machine, object: usize) -> Option<u64> {
    // SAFETY: the remembered place is a field of the remembered shape.
    unsafe {
        let object = cached(m, m.get(object))?;
        let word = *(object as *const u64).add(*m.pc.add(CACHED_PLACE) as usize);
        if Word(word).is_counted() { None } else { Some(word) }
    }
}

/// Chooses the handler of the next time by what the operands are, and runs the first instruction by itself.
macro_rules! other {
    ($m:ident, $operands:expr, $ints:expr, $floats:expr, $own:expr) => {{
        match kind_of($m, $operands) {
            Some(Numbers::Ints) => $m.requicken($floats, $ints),
            Some(Numbers::Floats) => $m.requicken($ints, $floats),
            _ => {}
        }
        $m.enter($own)
    }};
}

chains! {
    /// `a.f - b.g`
    fn fields<K: Kind, O: Operation>(m) {
        let next = m.ahead(FIELD_GET);
        let behind = next.ahead(FIELD_GET);
        let (Some(first), Some(second)) = (field(m, m.b()), field(next, next.b())) else {
            return m.enter(field_get);
        };
        match K::apply::<O>(m, K::of(m, first), K::of(m, second)) {
            Some(number) if K::sound(number) => {
                m.set_a(first);
                next.set_a(second);
                behind.set_a(K::word(number));
                behind.next(2)
            }
            _ => m.enter(fields_other::<K, O>),
        }
    }
    #[cold]
    fn fields_other<K: Kind, O: Operation>(m) {
        let next = m.ahead(FIELD_GET);
        let operands = (field(m, m.b()).unwrap_or(Word::NULL.0), field(next, next.b()).unwrap_or(Word::NULL.0));
        other!(m, operands, fields::<Ints, O>, fields::<Floats, O>, field_get)
    }
    /// `a.f * x`
    fn field_then<K: Kind, O: Operation>(m) {
        let Some(first) = field(m, m.b()) else {
            return m.enter(field_get);
        };
        let behind = m.ahead(FIELD_GET);
        match K::apply::<O>(m, K::of(m, first), K::of(m, behind.rc())) {
            Some(number) if K::sound(number) => {
                m.set_a(first);
                behind.set_a(K::word(number));
                behind.next(2)
            }
            _ => m.enter(field_then_other::<K, O>),
        }
    }
    #[cold]
    fn field_then_other<K: Kind, O: Operation>(m) {
        let first = field(m, m.b()).unwrap_or(Word::NULL.0);
        other!(m, (first, m.ahead(FIELD_GET).rc()), field_then::<Ints, O>, field_then::<Floats, O>, field_get)
    }
    /// `a.f`, the last use of `a`, which is not the last owner of the struct.
    fn field_and_drop<>(m) {
        let Some(first) = field(m, m.b()) else {
            return m.enter(field_get);
        };
        let header = Word(m.rb()).header();
        m.set_a(first);
        let m = m.ahead(FIELD_GET);
        let count = (*header).count;
        // A struct is no candidate for a cycle, so that it loses an owner without further notice.
        if count < 2 || count == IMMORTAL {
            return m.go();
        }
        (*header).count = count - 1;
        m.next(2)
    }
    /// As `field_and_drop`, and `a.f * x`.
    fn field_drop_then<K: Kind, O: Operation>(m) {
        let Some(first) = field(m, m.b()) else {
            return m.enter(field_get);
        };
        let behind = m.ahead(FIELD_GET + 2);
        let header = Word(m.rb()).header();
        let count = (*header).count;
        if count < 2 || count == IMMORTAL {
            return m.enter(field_get);
        }
        match K::apply::<O>(m, K::of(m, first), K::of(m, behind.rc())) {
            Some(number) if K::sound(number) => {
                (*header).count = count - 1;
                m.set_a(first);
                behind.set_a(K::word(number));
                behind.next(2)
            }
            _ => m.enter(field_drop_then_other::<K, O>),
        }
    }
    #[cold]
    fn field_drop_then_other<K: Kind, O: Operation>(m) {
        let first = field(m, m.b()).unwrap_or(Word::NULL.0);
        let operands = (first, m.ahead(FIELD_GET + 2).rc());
        other!(m, operands, field_drop_then::<Ints, O>, field_drop_then::<Floats, O>, field_get)
    }
}
