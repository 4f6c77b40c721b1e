//! Random values.

use super::Args;
use crate::runtime::error::RuntimeError;
use crate::runtime::gather::Text;
use crate::runtime::host::{Host, Random};
use crate::runtime::value::Value;

type Outcome = Result<Value, RuntimeError>;

pub(super) fn random(host: &mut Host, _: &mut Args<'_>) -> Outcome {
    Ok(Value::float(host.random().float()))
}

pub(super) fn random_int(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let (Some(low), Some(high)) = (args.count(0), args.count(1)) else {
        return Err(RuntimeError::message("random_int requires number arguments"));
    };
    let (low, high) = (low.min(high), low.max(high));
    let width = (high.wrapping_sub(low) as u64).wrapping_add(1);
    let random = host.random();
    let offset = if width == 0 { random.bits() } else { random.below(width) };
    Ok(Value::int(low.wrapping_add(offset as i64)))
}

pub(super) fn random_choice(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    match args.get(0).as_array() {
        Some([]) => Ok(Value::int(0)),
        Some(elements) => Ok(elements[host.random().below(elements.len() as u64) as usize].clone()),
        None => Err(RuntimeError::message("random_choice requires an array argument")),
    }
}

pub(super) fn random_id(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    const LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let Some(length) = args.count(0) else {
        return Err(RuntimeError::message("random_id requires a number argument"));
    };
    super::text::fits(length.max(0) as usize)?;
    let mut id = Text::with_capacity(length.max(0) as usize);
    id.extend((0..length).map(|_| LETTERS[host.random().below(36) as usize] as char));
    id.finish()
}

pub(super) fn set_seed(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let Some(seed) = args.count(0) else {
        return Err(RuntimeError::message("set_random_seed requires a number argument"));
    };
    *host.random() = Random::seeded(seed as u64);
    Ok(Value::NULL)
}

pub(super) fn clear_seed(host: &mut Host, _: &mut Args<'_>) -> Outcome {
    *host.random() = Random::fresh();
    Ok(Value::NULL)
}
