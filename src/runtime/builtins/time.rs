//! Clocks.

use super::Args;
use crate::runtime::error::RuntimeError;
use crate::runtime::host::Host;
use crate::runtime::value::Value;

type Outcome = Result<Value, RuntimeError>;

pub(super) fn now(host: &mut Host, _: &mut Args<'_>) -> Outcome {
    Ok(Value::float(host.since_epoch().as_secs_f64()))
}

pub(super) fn time(host: &mut Host, _: &mut Args<'_>) -> Outcome {
    Ok(Value::int(host.since_epoch().as_millis() as i64))
}

pub(super) fn performance_now(host: &mut Host, _: &mut Args<'_>) -> Outcome {
    Ok(Value::float(host.elapsed().as_secs_f64() * 1e3))
}

pub(super) fn time_us(host: &mut Host, _: &mut Args<'_>) -> Outcome {
    Ok(Value::float(host.elapsed().as_secs_f64() * 1e6))
}

pub(super) fn time_ns(host: &mut Host, _: &mut Args<'_>) -> Outcome {
    Ok(Value::float(host.elapsed().as_nanos() as f64))
}

pub(super) fn elapsed(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    if args.len() != 2 {
        let text = format!("elapsed() expects 2 arguments (start, end), got {}", args.len());
        return Err(RuntimeError::message(text));
    }
    match (args.get(0).as_number(), args.get(1).as_number()) {
        (Some(start), Some(end)) => Ok(Value::float(end - start)),
        _ => Err(RuntimeError::message("elapsed requires number arguments")),
    }
}
