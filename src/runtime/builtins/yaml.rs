//! YAML, by the crate `yaml_serde`: one document a text, in the core schema (`yes` is a string).

use super::Args;
use super::serial::{Format, Reader, Work, Writer, room_to_read};
use crate::runtime::error::RuntimeError;
use crate::runtime::gather::Text;
use crate::runtime::host::Host;
use crate::runtime::value::Value;
use serde::de::DeserializeSeed;
use std::io;
use yaml_serde::Deserializer;

type Outcome = Result<Value, RuntimeError>;

pub(super) fn parse_yaml(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let Some(text) = args.text(0) else {
        return Err(RuntimeError::message("parse_yaml requires a string argument"));
    };
    room_to_read(text.len())?;
    let work = Work::new(Format::Yaml);
    work.finish(Reader(&work).deserialize(Deserializer::from_str(text)), "parse")
}

/// A text that is written piece by piece; what does not fit is refused.
#[derive(Default)]
struct Sink {
    text: Text,
    /// Bytes of a character that the last piece has cut.
    cut: Vec<u8>,
}

impl io::Write for Sink {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.cut.extend_from_slice(piece);
        let whole = std::str::from_utf8(&self.cut).map_or_else(|error| error.valid_up_to(), str::len);
        self.text.push_str(std::str::from_utf8(&self.cut[..whole]).unwrap_or_default());
        self.cut.drain(..whole);
        match self.text.text() {
            Ok(_) => Ok(piece.len()),
            Err(_) => Err(io::ErrorKind::OutOfMemory.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) fn to_yaml(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let work = Work::new(Format::Yaml);
    let mut sink = Sink::default();
    let written = yaml_serde::to_writer(&mut sink, &Writer::new(&work, args.get(0)));
    sink.text.text()?;
    work.finish(written, "serialization")?;
    sink.text.finish()
}
