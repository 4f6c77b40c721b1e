//! Bytes at places of files.

use super::Args;
use super::file::{self, explained, reading, writing};
use crate::runtime::dict::{self, Key};
use crate::runtime::door::{Door, Last, Mean};
use crate::runtime::error::RuntimeError;
use crate::runtime::host::Host;
use crate::runtime::replace::{self, Existing};
use crate::runtime::value::Value;
use crate::runtime::{budget, bytes, gather, heap};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::time::{SystemTime, UNIX_EPOCH};

type Outcome = Result<Value, RuntimeError>;

/// Bytes read at once.
const PIECE: usize = 64 * 1024;

fn message(text: impl Into<Box<str>>) -> RuntimeError {
    RuntimeError::message(text)
}

/// A number that may not be negative.
fn whole(args: &Args<'_>, at: usize, what: &str, wrong: &'static str) -> Result<u64, RuntimeError> {
    let number = args.count(at).ok_or_else(|| message(wrong))?;
    u64::try_from(number).map_err(|_| message(format!("{} {what} must be non-negative", args.name())))
}

fn opened(door: &Door, path: &str, mean: Mean) -> Result<File, RuntimeError> {
    explained(door.locate(path, Last::Follow).and_then(|location| location.open(mean)), "open file", path)
}

fn seek(file: &mut File, offset: u64, path: &str) -> Result<(), RuntimeError> {
    let what = format!("seek to offset {offset} in");
    explained(file.seek(SeekFrom::Start(offset)), &what, path).map(drop)
}

/// Hands on at most `count` bytes from where `file` stands, piece by piece.
fn pieces(
    file: &mut File,
    count: u64,
    path: &str,
    each: &mut dyn FnMut(&[u8]) -> Result<(), RuntimeError>,
) -> Result<(), RuntimeError> {
    let mut left = count;
    let mut piece = vec![0; PIECE.min(usize::try_from(count).unwrap_or(PIECE))];
    while left > 0 {
        let most = piece.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        match file.read(&mut piece[..most]) {
            Ok(0) => break,
            Ok(len) => {
                left -= len as u64;
                budget::charge(len / budget::BYTES)?;
                each(&piece[..len])?;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            failed => return explained(failed.map(drop), "read file", path),
        }
    }
    Ok(())
}

/// The bytes that [`pieces`] hands on.
fn contents(file: &mut File, count: u64, path: &str) -> Outcome {
    budget::attempt(|| {
        let mut content = Vec::new();
        pieces(file, count, path, &mut |piece| {
            gather::reserve(&mut content, piece.len())?;
            content.extend_from_slice(piece);
            Ok(())
        })?;
        heap::admit(content.len())?;
        Ok(bytes::new(&content))
    })
}

pub(super) fn read_bytes(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let wrong = "io_read_bytes requires two arguments: path and count";
    let path = args.text(0).ok_or_else(|| message(wrong))?;
    let count = whole(args, 1, "count", wrong)?;
    contents(&mut opened(&reading(host, args)?, path, Mean::Read)?, count, path)
}

pub(super) fn read_at(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let wrong = "io_read_at requires three arguments: path, offset, and count";
    let path = args.text(0).ok_or_else(|| message(wrong))?;
    let (offset, count) = (whole(args, 1, "offset", wrong)?, whole(args, 2, "count", wrong)?);
    let mut file = opened(&reading(host, args)?, path, Mean::Read)?;
    seek(&mut file, offset, path)?;
    contents(&mut file, count, path)
}

pub(super) fn seek_read(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let wrong = "io_seek_read requires two arguments: path and offset";
    let path = args.text(0).ok_or_else(|| message(wrong))?;
    let offset = whole(args, 1, "offset", wrong)?;
    let mut file = opened(&reading(host, args)?, path, Mean::Read)?;
    seek(&mut file, offset, path)?;
    contents(&mut file, u64::MAX, path)
}

/// Path and bytes.
fn path_and_bytes<'a>(args: &'a Args<'_>, wrong: &'static str) -> Result<(&'a str, &'a [u8]), RuntimeError> {
    args.text(0).zip(args.get(1).as_bytes()).ok_or_else(|| message(wrong))
}

pub(super) fn write_bytes(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let (path, content) = path_and_bytes(args, "io_write_bytes requires path (string) and bytes arguments")?;
    let location = writing(host, args)?.locate(path, Last::Follow);
    let written = location.and_then(|location| replace::write_bytes(&location, Existing::Replace, content));
    explained(written, "write bytes to file", path)?;
    Ok(Value::TRUE)
}

pub(super) fn append_bytes(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let (path, content) = path_and_bytes(args, "io_append_bytes requires path (string) and bytes arguments")?;
    file::append(host, args, path, content, "append bytes to file")
}

pub(super) fn write_at(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let wrong = "io_write_at requires three arguments: path, bytes, and offset";
    let (path, content) = path_and_bytes(args, wrong)?;
    let offset = whole(args, 2, "offset", wrong)?;
    let mut file = opened(&writing(host, args)?, path, Mean::Update)?;
    seek(&mut file, offset, path)?;
    explained(file.write_all(content), "write bytes to file", path)?;
    Ok(Value::TRUE)
}

pub(super) fn truncate(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let wrong = "io_truncate requires two arguments: path and size";
    let path = args.text(0).ok_or_else(|| message(wrong))?;
    let size = whole(args, 1, "size", wrong)?;
    let file = opened(&writing(host, args)?, path, Mean::Update)?;
    let what = format!("truncate file '{path}' to {size} bytes");
    file.set_len(size).map_err(|error| message(format!("Cannot {what}: {error}")))?;
    Ok(Value::TRUE)
}

/// An error of the system, or of a limit.
enum Failed {
    System(io::Error),
    Raised(RuntimeError),
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Failed {
        Failed::System(error)
    }
}

pub(super) fn copy_range(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let wrong = "io_copy_range requires four arguments: source, dest, offset, and count";
    let (source, target) = args.text(0).zip(args.text(1)).ok_or_else(|| message(wrong))?;
    let (offset, count) = (whole(args, 2, "offset", wrong)?, whole(args, 3, "count", wrong)?);
    let (reading, writing) = (reading(host, args)?, writing(host, args)?);
    budget::attempt(|| {
        let mut from = opened(&reading, source, Mean::Read)?;
        seek(&mut from, offset, source)?;
        let to = explained(writing.locate(target, Last::Follow), "write bytes to file", target)?;
        let copied = replace::write(&to, Existing::Replace, |to| {
            let mut failed = Ok(());
            let copied = pieces(&mut from, count, source, &mut |piece| {
                to.write_all(piece).map_err(|error| {
                    failed = Err(error);
                    message("refused")
                })
            });
            failed?;
            copied.map_err(Failed::Raised)
        });
        match copied {
            Ok(()) => Ok(Value::TRUE),
            Err(Failed::System(error)) => explained(Err(error), "write bytes to file", target),
            Err(Failed::Raised(error)) => Err(error),
        }
    })
}

pub(super) fn metadata(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let path = args.text(0).ok_or_else(|| message("io_file_metadata requires one argument: path"))?;
    let found = reading(host, args)?.locate(path, Last::Follow).and_then(|location| location.metadata());
    let found = explained(found, "get metadata for", path)?;
    let seconds = |moment: io::Result<SystemTime>| match moment.ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok()) {
        Some(since) => Value::int(since.as_secs() as i64),
        None => Value::NULL,
    };
    let mut made = dict::new();
    if let Some(mut entries) = made.as_dict_mut() {
        for (name, value) in [
            ("size", Value::int(found.len() as i64)),
            ("is_file", Value::bool(found.is_file())),
            ("is_dir", Value::bool(found.is_dir())),
            ("readonly", Value::bool(found.permissions().readonly())),
            ("modified", seconds(found.modified())),
            ("created", seconds(found.created())),
            ("accessed", seconds(found.accessed())),
        ] {
            entries.insert(Key::text(name), value);
        }
    }
    Ok(made)
}
