//! Reading programs: files, standard input, text on the command line.

use super::{args, exit, output};
use crate::base::limits::MAX_SOURCE_BYTES;
use crate::base::render::Colour;
use crate::base::source::{SourceId, SourceMap};
use std::ffi::OsStr;
use std::io::Read;

/// Reads the program `file` (`-` is standard input) into a new map; complains and gives the exit code if that fails.
pub fn load(file: &OsStr, colour: Colour) -> Result<(SourceMap, SourceId), i32> {
    let name = if file == "-" { "<stdin>".to_owned() } else { file.to_string_lossy().into_owned() };
    match read(file) {
        Ok(text) => Ok(single(name, text)),
        Err(reason) => {
            let mut message = format!("Failed to read .ruff file '{name}': {reason}");
            if let Some(command) = args::similar_command(&name) {
                message.push_str(&format!("\n  = help: Did you mean the command `{command}`?"));
            }
            output::complain_cli("RUFCLI001", &message, colour);
            Err(exit::UNREADABLE)
        }
    }
}

/// A map of one program.
pub fn single(name: String, text: String) -> (SourceMap, SourceId) {
    let mut sources = SourceMap::new();
    let id = sources.add(name, text).unwrap_or_default();
    (sources, id)
}

fn read(file: &OsStr) -> Result<String, String> {
    let mut bytes = Vec::new();
    // One byte more than allowed tells too large from just fitting, however large the file is.
    let most = MAX_SOURCE_BYTES as u64 + 1;
    let outcome = if file == "-" {
        std::io::stdin().lock().take(most).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file).and_then(|opened| opened.take(most).read_to_end(&mut bytes))
    };
    outcome.map_err(|error| error.to_string())?;
    decode(bytes)
}

/// Checks the encoding of a program's text. One that is too large passes: the parser refuses it with a position.
pub fn decode(bytes: Vec<u8>) -> Result<String, String> {
    if bytes.len() > MAX_SOURCE_BYTES {
        return Ok(String::from_utf8_lossy(&bytes).into_owned());
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = 1 + error.as_bytes()[..valid].iter().filter(|&&byte| byte == b'\n').count();
        format!("source is not valid UTF-8 (byte {valid}, line {line})")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_checked() {
        assert_eq!(decode(b"x".to_vec()), Ok("x".to_owned()));
        assert_eq!(decode(b"a\nb\xFF".to_vec()), Err("source is not valid UTF-8 (byte 3, line 2)".to_owned()));
        assert!(decode(vec![b' '; MAX_SOURCE_BYTES + 1]).is_ok());
    }
}
