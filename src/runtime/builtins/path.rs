//! The current directory and paths. Texts are looked at as paths of the system this runs on.

use super::Args;
use super::file::explained;
use crate::runtime::error::RuntimeError;
use crate::runtime::gather::Text;
use crate::runtime::host::Host;
use crate::runtime::value::Value;
use std::fs;
use std::io;
use std::path::{MAIN_SEPARATOR, Path, PathBuf};

type Outcome = Result<Value, RuntimeError>;

/// The one argument of most functions here.
fn path<'a>(args: &'a Args<'_>) -> Result<&'a str, RuntimeError> {
    args.text(0).ok_or_else(|| RuntimeError::message(format!("{} requires a string argument (path)", args.name())))
}

fn shown(path: &Path) -> Outcome {
    super::text::result(&path.to_string_lossy())
}

pub(super) fn os_getcwd(_: &mut Host, _: &mut Args<'_>) -> Outcome {
    let failed = |error: io::Error| RuntimeError::message(format!("Cannot get current directory: {error}"));
    shown(&std::env::current_dir().map_err(failed)?)
}

pub(super) fn os_chdir(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let path = path(args)?;
    explained(std::env::set_current_dir(path), "change directory to", path)?;
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

pub(super) fn exists(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    Ok(Value::bool(Path::new(path(args)?).exists()))
}

pub(super) fn is_dir(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    Ok(Value::bool(Path::new(path(args)?).is_dir()))
}

pub(super) fn is_file(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    Ok(Value::bool(Path::new(path(args)?).is_file()))
}

pub(super) fn is_symlink(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let path = path(args)?;
    let metadata = explained(fs::symlink_metadata(path), "inspect symlink status for", path)?;
    Ok(Value::bool(metadata.file_type().is_symlink()))
}

pub(super) fn absolute(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let path = path(args)?;
    let found: PathBuf = explained(fs::canonicalize(path), "get absolute path for", path)?;
    shown(&found)
}
