//! Reading files, in pieces. What is kept of them asks for memory as it grows, so a file without an end (`/dev/zero`) stops at a
//! limit, and one that is only looked at takes no more than a piece.

use super::Args;
use super::file::{explained, path, reading};
use crate::runtime::door::{Door, Last, Mean};
use crate::runtime::error::RuntimeError;
use crate::runtime::gather::{self, Items, Text};
use crate::runtime::host::Host;
use crate::runtime::value::Value;
use crate::runtime::{budget, bytes, heap, string};
use std::fs::File;
use std::io::{self, Read};

type Outcome = Result<Value, RuntimeError>;

/// Bytes read at once.
const PIECE: usize = 64 * 1024;

/// Reads a file, piece by piece.
///
/// # Errors
/// It cannot be read, there is no fuel for all of it, or `each` has failed.
pub(super) fn pieces(
    door: &Door,
    path: &str,
    each: &mut dyn FnMut(&[u8]) -> Result<(), RuntimeError>,
) -> Result<(), RuntimeError> {
    read_on(&mut opened(door, path)?, path, each)
}

fn opened(door: &Door, path: &str) -> Result<File, RuntimeError> {
    let opened = door.locate(path, Last::Follow).and_then(|location| location.open(Mean::Read));
    explained(opened, "read file", path)
}

/// Reads an open file, piece by piece.
fn read_on(
    file: &mut File,
    path: &str,
    each: &mut dyn FnMut(&[u8]) -> Result<(), RuntimeError>,
) -> Result<(), RuntimeError> {
    budget::attempt(|| {
        let mut piece = vec![0; PIECE];
        loop {
            match file.read(&mut piece) {
                Ok(0) => return Ok(()),
                Ok(len) => {
                    budget::charge(len / budget::BYTES)?;
                    each(&piece[..len])?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                failed => return explained(failed.map(drop), "read file", path),
            }
        }
    })
}

/// Turns pieces of a file into pieces of text.
struct Decoder {
    /// Whether what is no UTF-8 becomes U+FFFD.
    lossy: bool,
    /// What has not been handed on: at the end of a piece, part of a character.
    held: Vec<u8>,
}

const REPLACEMENT: &str = "\u{FFFD}";

impl Decoder {
    /// Hands on the text of a piece; false if it has none.
    fn take(
        &mut self,
        piece: &[u8],
        each: &mut dyn FnMut(&str) -> Result<(), RuntimeError>,
    ) -> Result<bool, RuntimeError> {
        self.held.extend_from_slice(piece);
        let mut rest = &self.held[..];
        loop {
            match std::str::from_utf8(rest) {
                Ok(text) => {
                    each(text)?;
                    rest = &[];
                    break;
                }
                Err(error) => {
                    let (text, behind) = rest.split_at(error.valid_up_to());
                    each(std::str::from_utf8(text).unwrap_or_default())?;
                    match error.error_len() {
                        None => {
                            rest = behind;
                            break;
                        }
                        Some(_) if !self.lossy => return Ok(false),
                        Some(wrong) => {
                            each(REPLACEMENT)?;
                            rest = &behind[wrong..];
                        }
                    }
                }
            }
        }
        self.held.drain(..self.held.len() - rest.len());
        Ok(true)
    }
}

/// Reads a file as text, piece by piece.
fn text_pieces(
    file: &mut File,
    path: &str,
    lossy: bool,
    each: &mut dyn FnMut(&str) -> Result<(), RuntimeError>,
) -> Result<(), RuntimeError> {
    let refused = || RuntimeError::message(format!("Cannot read file '{path}': stream did not contain valid UTF-8"));
    let mut decoder = Decoder { lossy, held: Vec::new() };
    read_on(file, path, &mut |piece| match decoder.take(piece, each)? {
        true => Ok(()),
        false => Err(refused()),
    })?;
    match (decoder.held.is_empty(), lossy) {
        (true, _) => Ok(()),
        (false, true) => each(REPLACEMENT),
        (false, false) => Err(refused()),
    }
}

/// The text of a file. The string is made where it stays: with room for the whole file, if that says how long it is.
pub(super) fn text(door: &Door, path: &str, lossy: bool) -> Outcome {
    let mut file = opened(door, path)?;
    let announced = file.metadata().map_or(0, |file| if file.is_file() { file.len() } else { 0 });
    let mut room = usize::try_from(announced).unwrap_or(usize::MAX);
    if room > PIECE {
        super::text::fits(room)?;
    }
    let (mut out, mut len) = (Value::string(""), 0);
    text_pieces(&mut file, path, lossy, &mut |piece| {
        if len == 0 {
            // Most files are one piece.
            out = if room > PIECE { string::with_capacity(room) } else { Value::string("") };
        }
        len += piece.len();
        if len > room {
            room = len + len / 2;
            super::text::fits(len)?;
            heap::check_room(room)?;
        }
        if len == piece.len() && room <= PIECE {
            out = Value::string(piece);
        } else {
            string::append(&mut out, piece);
        }
        Ok(())
    })?;
    Ok(out)
}

pub(super) fn read_file(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    text(&reading(host, args)?, path(args, 0)?, false)
}

pub(super) fn read_file_lossy(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    text(&reading(host, args)?, path(args, 0)?, true)
}

pub(super) fn read_lines(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let (mut lines, mut open) = (Items::default(), Text::default());
    let path = path(args, 0)?;
    text_pieces(&mut opened(&reading(host, args)?, path)?, path, false, &mut |piece| {
        let mut rest = piece;
        while let Some(at) = memchr::memchr(b'\n', rest.as_bytes()) {
            let end = &rest[..at];
            let line = if open.is_empty() {
                end
            } else {
                open.push_str(end);
                open.text()?
            };
            let line = line.strip_suffix('\r').unwrap_or(line);
            lines.push(super::text::result(line)?)?;
            open.clear();
            rest = &rest[at + 1..];
        }
        open.push_str(rest);
        open.text().map(drop)
    })?;
    if !open.is_empty() {
        lines.push(open.finish()?)?;
    }
    Ok(lines.finish())
}

pub(super) fn read_binary_file(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let mut content = Vec::new();
    pieces(&reading(host, args)?, path(args, 0)?, &mut |piece| {
        gather::reserve(&mut content, piece.len())?;
        content.extend_from_slice(piece);
        Ok(())
    })?;
    heap::admit(content.len())?;
    Ok(bytes::new(&content))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::capability::{Capability, Permissions};

    #[test]
    fn characters_may_lie_across_pieces() {
        let text = "aé€𝄞".repeat(3);
        for size in 1..=text.len() {
            let (mut decoder, mut out) = (Decoder { lossy: false, held: Vec::new() }, String::new());
            for piece in text.as_bytes().chunks(size) {
                let whole = decoder.take(piece, &mut |text| {
                    out.push_str(text);
                    Ok(())
                });
                assert!(whole.unwrap(), "{size}");
            }
            assert_eq!((&out, decoder.held.len()), (&text, 0), "{size}");
        }
    }

    #[test]
    fn what_is_no_text_is_refused_or_replaced() {
        for bytes in [&b"a\xFFb"[..], b"\xE2\x82", b"\xE2\x82a\xF0\x9D", b"\xC0\x80\xED\xA0\x80"] {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), bytes).unwrap();
            let path = file.path().to_str().unwrap();
            let door = Door::of(&Permissions::ALL, Capability::FilesystemRead, "test").unwrap();
            assert!(text(&door, path, false).is_err());
            let lossy = text(&door, path, true).unwrap();
            assert_eq!(lossy.as_str(), Some(&*String::from_utf8_lossy(bytes)));
        }
    }
}
