//! The current directory and paths. Texts are looked at as paths of the system this runs on.

use super::Args;
use super::file::{explained, reading, there, writing};
use crate::runtime::door::{Last, Location};
use crate::runtime::error::RuntimeError;
use crate::runtime::gather::Text;
use crate::runtime::host::Host;
use crate::runtime::value::Value;
use rustix::fs::FileType;
use std::path::{MAIN_SEPARATOR, Path};

type Outcome = Result<Value, RuntimeError>;

/// The one argument of most functions here.
fn path<'a>(args: &'a Args<'_>) -> Result<&'a str, RuntimeError> {
    args.text(0).ok_or_else(|| RuntimeError::message(format!("{} requires a string argument (path)", args.name())))
}

fn shown(path: &Path) -> Outcome {
    super::text::result(&path.to_string_lossy())
}

pub(super) fn os_getcwd(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let current = reading(host, args)?.locate(".", Last::Follow).and_then(|_| std::env::current_dir());
    shown(
        &current.map_err(|error| {
            RuntimeError::of_system(error, |error| format!("Cannot get current directory: {error}"))
        })?,
    )
}

pub(super) fn os_chdir(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let path = path(args)?;
    let entered = writing(host, args)?.locate(path, Last::Follow).and_then(|location| location.enter());
    explained(entered, "change directory to", path)?;
    Ok(Value::TRUE)
}

pub(super) fn join_path(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    if args.len() == 0 {
        let text = format!("{} requires at least one string argument", args.name());
        return Err(RuntimeError::message(text));
    }
    let mut joined = Text::default();
    for (at, part) in args.all().iter().enumerate() {
        let Some(part) = part.as_str() else {
            return Err(RuntimeError::message(format!("{} argument {at} must be a string", args.name())));
        };
        if Path::new(part).is_absolute() {
            joined.clear();
        } else if !joined.is_empty() && !joined.text()?.ends_with(MAIN_SEPARATOR) {
            joined.push(MAIN_SEPARATOR);
        }
        joined.push_str(part);
    }
    joined.finish()
}

pub(super) fn dirname(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    match Path::new(path(args)?).parent() {
        Some(parent) => shown(parent),
        None => Ok(Value::string("/")),
    }
}

pub(super) fn basename(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    shown(Path::new(path(args)?).file_name().unwrap_or_default().as_ref())
}

pub(super) fn extension(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    shown(Path::new(path(args)?).extension().unwrap_or_default().as_ref())
}

pub(super) fn exists(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    there(host, args, path(args)?, |location| location.status().is_ok())
}

pub(super) fn is_dir(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    there(host, args, path(args)?, Location::is_directory)
}

pub(super) fn is_file(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    there(host, args, path(args)?, Location::is_file)
}

pub(super) fn is_symlink(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let path = path(args)?;
    let status = reading(host, args)?.locate(path, Last::Keep).and_then(|location| location.link_status());
    let status = explained(status, "inspect symlink status for", path)?;
    Ok(Value::bool(FileType::from_raw_mode(status.st_mode) == FileType::Symlink))
}

pub(super) fn absolute(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let path = path(args)?;
    let found = reading(host, args)?.locate(path, Last::Follow).and_then(|location| location.real());
    shown(&explained(found, "get absolute path for", path)?)
}
