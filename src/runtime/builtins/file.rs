//! Files and directories, but for reading: that is in `read.rs`.

use super::Args;
use crate::runtime::error::RuntimeError;
use crate::runtime::host::Host;
use crate::runtime::replace::{self, Existing};
use crate::runtime::value::Value;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

type Outcome = Result<Value, RuntimeError>;

/// The path an argument is.
pub(super) fn path<'a>(args: &'a Args<'_>, at: usize) -> Result<&'a str, RuntimeError> {
    let name = args.name();
    args.text(at).ok_or_else(|| RuntimeError::message(format!("{name} requires a string argument")))
}

/// `Cannot read file 'p': No such file or directory (os error 2)`
pub(super) fn explained<T>(result: io::Result<T>, what: &str, path: &str) -> Result<T, RuntimeError> {
    result.map_err(|error| RuntimeError::message(format!("Cannot {what} '{path}': {error}")))
}

/// Writes `content`; over an existing file only if the third argument allows it.
fn write(args: &Args<'_>, content: &[u8]) -> Outcome {
    let path = path(args, 0)?;
    let overwrite = match (args.len(), args.get(2).as_bool()) {
        (3, None) => {
            let text = format!("{} optional overwrite flag must be a bool", args.name());
            return Err(RuntimeError::message(text));
        }
        (_, flag) => flag == Some(true),
    };
    let existing = if overwrite { Existing::Replace } else { Existing::Refuse };
    let written = replace::write_bytes(Path::new(path), existing, content);
    if let Err(error) = &written
        && error.kind() == io::ErrorKind::AlreadyExists
    {
        let text = format!("Cannot write file '{path}': file already exists (pass overwrite=true to replace it)");
        return Err(RuntimeError::message(text));
    }
    explained(written, "write file", path)?;
    Ok(Value::TRUE)
}

pub(super) fn write_file(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    match args.text(1) {
        Some(text) => write(args, text.as_bytes()),
        None => Err(RuntimeError::message("write_file requires two arguments: path and content")),
    }
}

pub(super) fn write_binary_file(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    match args.get(1).as_bytes() {
        Some(content) => write(args, content),
        None => Err(RuntimeError::message("write_binary_file requires two arguments: path and bytes")),
    }
}

pub(super) fn append_file(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let (path, Some(text)) = (path(args, 0)?, args.text(1)) else {
        return Err(RuntimeError::message("append_file requires two arguments: path and content"));
    };
    let opened = fs::OpenOptions::new().append(true).create(true).open(path);
    explained(opened.and_then(|mut file| file.write_all(text.as_bytes())), "append to file", path)?;
    Ok(Value::TRUE)
}

pub(super) fn create_dir(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let path = path(args, 0)?;
    // The standard library takes the empty path for a directory that is there.
    let made = if path.is_empty() { fs::create_dir(path) } else { fs::create_dir_all(path) };
    explained(made, "create directory", path)?;
    Ok(Value::TRUE)
}

pub(super) fn remove_dir(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let path = path(args, 0)?;
    explained(fs::remove_dir(path), "remove directory", path)?;
    Ok(Value::TRUE)
}

pub(super) fn delete_file(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let path = path(args, 0)?;
    explained(fs::remove_file(path), "delete file", path)?;
    Ok(Value::TRUE)
}

pub(super) fn rename_file(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let (from, to) = (path(args, 0)?, path(args, 1)?);
    explained(fs::rename(from, to), "rename file", from)?;
    Ok(Value::TRUE)
}

pub(super) fn copy_file(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let (from, to) = (path(args, 0)?, path(args, 1)?);
    explained(fs::copy(from, to), "copy file", from)?;
    Ok(Value::TRUE)
}

pub(super) fn file_exists(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    Ok(Value::bool(fs::exists(path(args, 0)?).unwrap_or(false)))
}

pub(super) fn file_size(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let path = path(args, 0)?;
    let metadata = explained(fs::metadata(path), "get file size", path)?;
    Ok(Value::int(metadata.len() as i64))
}

pub(super) fn list_dir(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let path = path(args, 0)?;
    let mut names = Vec::new();
    for entry in explained(fs::read_dir(path), "list directory", path)? {
        let entry = explained(entry, "list directory", path)?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort_unstable();
    Ok(Value::array(names.iter().map(|name| Value::string(name)).collect()))
}
