//! Files and directories, but for reading: that is in `read.rs`.

use super::Args;
use crate::runtime::capability::Capability;
use crate::runtime::door::{Door, Last, Location, Mean};
use crate::runtime::error::RuntimeError;
use crate::runtime::host::Host;
use crate::runtime::replace::{self, Existing};
use crate::runtime::value::Value;
use std::io::{self, Write};

type Outcome = Result<Value, RuntimeError>;

/// The path an argument is.
pub(super) fn path<'a>(args: &'a Args<'_>, at: usize) -> Result<&'a str, RuntimeError> {
    let name = args.name();
    args.text(at).ok_or_else(|| RuntimeError::message(format!("{name} requires a string argument")))
}

/// `Cannot read file 'p': No such file or directory (os error 2)`
pub(super) fn explained<T>(result: io::Result<T>, what: &str, path: &str) -> Result<T, RuntimeError> {
    result.map_err(|error| RuntimeError::of_system(error, |error| format!("Cannot {what} '{path}': {error}")))
}

/// Writes `content`; over an existing file only if the third argument allows it.
fn write(host: &Host, args: &Args<'_>, content: &[u8]) -> Outcome {
    let path = path(args, 0)?;
    let overwrite = match (args.len(), args.get(2).as_bool()) {
        (3, None) => {
            let text = format!("{} optional overwrite flag must be a bool", args.name());
            return Err(RuntimeError::message(text));
        }
        (_, flag) => flag == Some(true),
    };
    let (existing, last) = if overwrite { (Existing::Replace, Last::Follow) } else { (Existing::Refuse, Last::Keep) };
    let location = writing(host, args)?.locate(path, last);
    let written = location.and_then(|location| replace::write_bytes(&location, existing, content));
    if let Err(error) = &written
        && error.kind() == io::ErrorKind::AlreadyExists
    {
        let text = format!("Cannot write file '{path}': file already exists (pass overwrite=true to replace it)");
        return Err(RuntimeError::message(text));
    }
    explained(written, "write file", path)?;
    Ok(Value::TRUE)
}

/// The door by which the builtin that is called reads.
pub(super) fn reading(host: &Host, args: &Args<'_>) -> Result<Door, RuntimeError> {
    host.door(Capability::FilesystemRead, args.name())
}

/// The door by which it writes.
pub(super) fn writing(host: &Host, args: &Args<'_>) -> Result<Door, RuntimeError> {
    host.door(Capability::FilesystemWrite, args.name())
}

/// The door by which it removes.
fn deleting(host: &Host, args: &Args<'_>) -> Result<Door, RuntimeError> {
    host.door(Capability::FilesystemDelete, args.name())
}

pub(super) fn write_file(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    match args.text(1) {
        Some(text) => write(host, args, text.as_bytes()),
        None => Err(RuntimeError::message("write_file requires two arguments: path and content")),
    }
}

pub(super) fn write_binary_file(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    match args.get(1).as_bytes() {
        Some(content) => write(host, args, content),
        None => Err(RuntimeError::message("write_binary_file requires two arguments: path and bytes")),
    }
}

/// Adds to the end of a file, which may be new.
pub(super) fn append(host: &Host, args: &Args<'_>, path: &str, content: &[u8], what: &str) -> Outcome {
    let opened = writing(host, args)?.locate(path, Last::Follow).and_then(|location| location.open(Mean::Append));
    explained(opened.and_then(|mut file| file.write_all(content)), what, path)?;
    Ok(Value::TRUE)
}

pub(super) fn append_file(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let (path, Some(text)) = (path(args, 0)?, args.text(1)) else {
        return Err(RuntimeError::message("append_file requires two arguments: path and content"));
    };
    append(host, args, path, text.as_bytes(), "append to file")
}

pub(super) fn create_dir(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let path = path(args, 0)?;
    explained(writing(host, args)?.make_directories(path), "create directory", path)?;
    Ok(Value::TRUE)
}

pub(super) fn remove_dir(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let path = path(args, 0)?;
    let location = deleting(host, args)?.locate(path, Last::Keep);
    explained(location.and_then(|location| location.remove_directory()), "remove directory", path)?;
    Ok(Value::TRUE)
}

pub(super) fn delete_file(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let path = path(args, 0)?;
    let location = deleting(host, args)?.locate(path, Last::Keep);
    explained(location.and_then(|location| location.remove_file()), "delete file", path)?;
    Ok(Value::TRUE)
}

pub(super) fn rename_file(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let (from, to) = (path(args, 0)?, path(args, 1)?);
    let door = writing(host, args)?;
    let renamed = door.locate(from, Last::Keep).and_then(|old| old.rename(&door.locate(to, Last::Keep)?));
    explained(renamed, "rename file", from)?;
    Ok(Value::TRUE)
}

/// Copies what is in an ordinary file, and its permissions.
fn copy(from: &str, reading: &Door, to: &str, writing: &Door) -> io::Result<()> {
    let mut source = reading.locate(from, Last::Follow)?.open(Mean::Read)?;
    let metadata = source.metadata()?;
    if !metadata.is_file() {
        let wrong = "the source path is neither a regular file nor a symlink to a regular file";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, wrong));
    }
    let mut target = writing.locate(to, Last::Follow)?.open(Mean::Overwrite)?;
    if target.metadata()?.is_file() {
        target.set_permissions(metadata.permissions())?;
    }
    io::copy(&mut source, &mut target).map(drop)
}

pub(super) fn copy_file(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let (from, to) = (path(args, 0)?, path(args, 1)?);
    explained(copy(from, &reading(host, args)?, to, &writing(host, args)?), "copy file", from)?;
    Ok(Value::TRUE)
}

/// Whether there is something at a path, of which `holds`.
pub(super) fn there(host: &Host, args: &Args<'_>, path: &str, holds: fn(&Location) -> bool) -> Outcome {
    match reading(host, args)?.locate(path, Last::Follow) {
        Ok(location) => Ok(Value::bool(holds(&location))),
        Err(error) => match RuntimeError::of_system(error, |_| String::new()) {
            denied @ RuntimeError::Fact(_) => Err(denied),
            _ => Ok(Value::bool(false)),
        },
    }
}

pub(super) fn file_exists(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    there(host, args, path(args, 0)?, |location| location.status().is_ok())
}

pub(super) fn file_size(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let path = path(args, 0)?;
    let status = reading(host, args)?.locate(path, Last::Follow).and_then(|location| location.status());
    Ok(Value::int(explained(status, "get file size", path)?.st_size))
}

pub(super) fn list_dir(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let path = path(args, 0)?;
    let listed = reading(host, args)?.locate(path, Last::Follow).and_then(|location| location.names());
    let listed = explained(listed, "list directory", path)?;
    let mut names: Vec<_> = listed.iter().map(|name| name.to_string_lossy()).collect();
    names.sort_unstable();
    Ok(Value::array(names.iter().map(|name| Value::string(name)).collect()))
}
