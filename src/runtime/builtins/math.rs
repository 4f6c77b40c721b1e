//! Mathematics on floats, and bits of ints.

use super::Args;
use crate::runtime::display;
use crate::runtime::error::RuntimeError;
use crate::runtime::host::Host;
use crate::runtime::value::Value;

type Outcome = Result<Value, RuntimeError>;

fn wrong(args: &Args<'_>, at: usize, type_name: &str, parameter: &str) -> RuntimeError {
    match display::assertion(args.get(at)) {
        Ok(got) => {
            let name = args.name();
            RuntimeError::message(format!("{name}() expects {type_name} argument '{parameter}' , got {got}"))
        }
        Err(error) => error,
    }
}

fn one(args: &Args<'_>) -> Result<f64, RuntimeError> {
    args.get(0).as_number().ok_or_else(|| wrong(args, 0, "numeric", "value"))
}

fn two(args: &Args<'_>) -> Result<(f64, f64), RuntimeError> {
    match (args.get(0).as_number(), args.get(1).as_number()) {
        (Some(a), Some(b)) => Ok((a, b)),
        _ => Err(RuntimeError::message(format!("{}() expects numeric arguments", args.name()))),
    }
}

macro_rules! of_one_float {
    ($($name:ident = $method:path;)*) => {
        $(pub(super) fn $name(_: &mut Host, args: &mut Args<'_>) -> Outcome {
            Ok(Value::float($method(one(args)?)))
        })*
    };
}

of_one_float! {
    abs = f64::abs;
    floor = f64::floor;
    ceil = f64::ceil;
    round = f64::round;
    sin = f64::sin;
    cos = f64::cos;
    tan = f64::tan;
    exp = f64::exp;
}

pub(super) fn sqrt(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    match one(args)? {
        x if x < 0.0 => Err(RuntimeError::message("sqrt() domain error: value must be >= 0")),
        x => Ok(Value::float(x.sqrt())),
    }
}

pub(super) fn log(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    match one(args)? {
        x if x <= 0.0 => Err(RuntimeError::message("log() domain error: value must be > 0")),
        x => Ok(Value::float(x.ln())),
    }
}

pub(super) fn pow(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let (a, b) = two(args)?;
    Ok(Value::float(a.powf(b)))
}

pub(super) fn min(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let (a, b) = two(args)?;
    Ok(Value::float(a.min(b)))
}

pub(super) fn max(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let (a, b) = two(args)?;
    Ok(Value::float(a.max(b)))
}

fn int(args: &Args<'_>, at: usize, parameter: &str) -> Result<i64, RuntimeError> {
    args.get(at).as_int().ok_or_else(|| wrong(args, at, "integer", parameter))
}

fn two_ints(args: &Args<'_>) -> Result<(i64, i64), RuntimeError> {
    Ok((int(args, 0, "left")?, int(args, 1, "right")?))
}

pub(super) fn bit_and(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let (a, b) = two_ints(args)?;
    Ok(Value::int(a & b))
}

pub(super) fn bit_or(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let (a, b) = two_ints(args)?;
    Ok(Value::int(a | b))
}

pub(super) fn bit_xor(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let (a, b) = two_ints(args)?;
    Ok(Value::int(a ^ b))
}

pub(super) fn bit_not(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    Ok(Value::int(!int(args, 0, "value")?))
}

fn shift(args: &Args<'_>) -> Result<(i64, u32), RuntimeError> {
    let (a, amount) = two_ints(args)?;
    match u32::try_from(amount) {
        Ok(amount) if amount < 64 => Ok((a, amount)),
        _ => {
            let text = format!("{}() expects a shift amount between 0 and 63", args.name());
            Err(RuntimeError::message(text))
        }
    }
}

pub(super) fn bit_shl(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let (a, amount) = shift(args)?;
    Ok(Value::int(a << amount))
}

pub(super) fn bit_shr(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let (a, amount) = shift(args)?;
    Ok(Value::int(a >> amount))
}
