//! Output, input, arguments, and the end of the process.

use super::Args;
use crate::runtime::budget::Growth;
use crate::runtime::display::{self, Form};
use crate::runtime::error::RuntimeError;
use crate::runtime::host::Host;
use crate::runtime::operators;
use crate::runtime::value::{Value, View};
use crate::semantics::convert;
use crate::semantics::format::{write_float, write_int};

type Outcome = Result<Value, RuntimeError>;

fn line(args: &Args<'_>, start: &str, form: Form) -> Result<String, RuntimeError> {
    let (mut line, mut growth) = (String::from(start), Growth::default());
    for (at, value) in args.all().iter().enumerate() {
        if at > 0 {
            line.push(' ');
        }
        display::write(&mut line, value, form)?;
        growth.reaches(line.len())?;
    }
    line.push('\n');
    Ok(line)
}

pub(super) fn print(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    if let [text] = args.all()
        && let Some(text) = text.as_str().filter(|text| text.len() > operators::LONG)
    {
        // A long text is written as it is.
        host.print(text)?;
        host.print("\n")?;
        return Ok(Value::NULL);
    }
    host.print(&line(args, "", Form::Print)?)?;
    Ok(Value::NULL)
}

pub(super) fn eprint(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    host.print_error(&line(args, "", Form::Print)?)?;
    Ok(Value::NULL)
}

pub(super) fn debug(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    host.print(&line(args, "[DEBUG] ", Form::Debug)?)?;
    Ok(Value::NULL)
}

pub(super) fn input(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    if args.len() > 1 {
        return Err(RuntimeError::message(format!("input expects 0 to 1 arguments, got {}", args.len())));
    }
    if args.len() == 1 {
        host.print(&display::text(args.get(0))?)?;
    }
    super::text::result(&host.read_line()?.unwrap_or_default())
}

pub(super) fn arguments(host: &mut Host, _: &mut Args<'_>) -> Outcome {
    Ok(Value::array(host.arguments().iter().map(|word| Value::string(word)).collect()))
}

pub(super) fn exit(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let code = match (args.len(), args.count(0)) {
        (0, _) => 0,
        (_, Some(code)) => code,
        _ => return Err(RuntimeError::message("exit() requires a numeric exit code when provided")),
    };
    Err(RuntimeError::Exit(code.rem_euclid(256) as i32))
}

pub(super) fn format(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    if args.len() == 0 {
        return Err(RuntimeError::message("format() requires at least 1 argument (template)"));
    }
    let Some(template) = args.text(0) else {
        return Err(RuntimeError::message("format() first argument must be a string"));
    };
    super::text::room(template, 2)?;
    let (mut out, mut growth) = (String::with_capacity(template.len()), Growth::default());
    let mut used = 0;
    let mut rest = template;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let placeholder = rest.chars().next();
        match placeholder {
            Some(kind @ ('s' | 'd' | 'f')) => {
                used += 1;
                if used >= args.len() {
                    return Err(RuntimeError::message(format!("format() missing argument for placeholder %{kind}")));
                }
                fill(&mut out, kind, args.get(used))?;
                growth.reaches(out.len())?;
            }
            Some('%') => out.push('%'),
            other => {
                out.push('%');
                out.extend(other);
            }
        }
        rest = &rest[placeholder.map_or(0, char::len_utf8)..];
    }
    out.push_str(rest);
    super::text::result(&out)
}

fn fill(out: &mut String, kind: char, value: &Value) -> Result<(), RuntimeError> {
    match (kind, value.view()) {
        ('s', View::Array(_)) => out.push_str("[Array]"),
        ('s', View::Dict(_)) => out.push_str("{Dict}"),
        ('s', _) => display::write(out, value, Form::Print)?,
        ('d', View::Int(i)) => write_int(out, i),
        ('d', View::Float(f)) => write_int(out, convert::float_to_int(f)),
        ('d', View::Bool(b)) => write_int(out, b as i64),
        ('f', View::Int(i)) => write_float(out, i as f64),
        ('f', View::Float(f)) => write_float(out, f),
        _ => {
            let got = display::assertion(value)?;
            return Err(RuntimeError::message(format!("format() %{kind} requires numeric argument, got {got}")));
        }
    }
    Ok(())
}
