//! What the commands themselves write. Text that is lost is noticed by [`streams`], and makes the exit code of the process.

use super::exit;
use crate::base::streams::{self, Written};

/// Writes `text` to standard output; gives the exit code. A reader that has gone away (`| head`) is no error.
pub fn print(text: &str) -> i32 {
    match streams::write_out(text.as_bytes()) {
        Written::Whole | Written::Unread => exit::OK,
        Written::Lost => exit::UNWRITABLE,
    }
}

/// Writes `text` to standard error, come what may.
pub fn complain(text: &str) {
    streams::write_err(text.as_bytes());
}

/// A complaint about the usage, in clap's form; gives the exit code.
pub fn usage(message: &str) -> i32 {
    complain(&format!("error: {message}\n\nFor more information, try '--help'.\n"));
    exit::USAGE
}
