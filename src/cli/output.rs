//! Standard output and error that survive a closed pipe.

use super::exit;
use crate::base::render::Colour;
use std::io::{ErrorKind, Write};

/// Writes `text` to standard output; gives the exit code. A reader that has gone away (`| head`) is no error.
pub fn print(text: &str) -> i32 {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => exit::OK,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => exit::OK,
        Err(error) => {
            complain(&format!("error: cannot write to standard output: {error}\n"));
            exit::UNWRITABLE
        }
    }
}

/// Writes `text` to standard error, come what may.
pub fn complain(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// A complaint of the command line itself, in the form of the diagnostics.
pub fn complain_cli(code: &str, message: &str, colour: Colour) {
    complain(&match colour {
        Colour::Never => format!("[{code}] [cli] error: {message}\n"),
        Colour::Always => format!("\x1b[1m\x1b[91m[{code}] [cli] error: \x1b[0m{message}\n"),
    });
}

/// A complaint about the usage, in clap's form; gives the exit code.
pub fn usage(message: &str) -> i32 {
    complain(&format!("error: {message}\n\nFor more information, try '--help'.\n"));
    exit::USAGE
}
