//! Reading programs: files, standard input, text on the command line.

use super::form::Form;
use super::{args, exit};
use crate::base::limits::MAX_SOURCE_BYTES;
use crate::base::source::{SourceId, SourceMap, decode};
use std::ffi::OsStr;
use std::io::Read;

/// Reads the program `file` (`-` is standard input) into a new map; complains and gives the exit code if that fails.
pub fn load(file: &OsStr, form: Form) -> Result<(SourceMap, SourceId), i32> {
    let name = if file == "-" { "<stdin>".to_owned() } else { file.to_string_lossy().into_owned() };
    match read(file) {
        Ok(text) => Ok(single(name, text)),
        Err(reason) => {
            let message = format!("Failed to read .ruff file '{name}': {reason}");
            let help = args::similar_command(&name).map(|command| format!("Did you mean the command `{command}`?"));
            form.complaint("RUFCLI001", &message, help.as_slice());
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
