//! The standard streams of this process. What cannot be written is noticed once, said on standard error and remembered: a command
//! that did all else well has then failed ([`failed`]). A reader that has gone away (`| head`) is no failure.

use std::io::{self, ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};

static FAILED: AtomicBool = AtomicBool::new(false);

/// What became of some output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It was written.
    Whole,
    /// Nobody reads it any more.
    Unread,
    /// It could not be written, which has been said on standard error.
    Lost,
}

/// Writes to standard output, now.
pub fn write_out(bytes: &[u8]) -> Written {
    let mut stdout = io::stdout().lock();
    notice(stdout.write_all(bytes).and_then(|()| stdout.flush()))
}

/// What became of output that somebody else has written to standard output.
pub fn notice(result: io::Result<()>) -> Written {
    match result {
        Ok(()) => Written::Whole,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Written::Unread,
        Err(error) => {
            if !FAILED.swap(true, Ordering::Relaxed) {
                write_err(format!("error: cannot write to standard output: {error}\n").as_bytes());
            }
            Written::Lost
        }
    }
}

/// Writes to standard error, as far as that is possible.
pub fn write_err(bytes: &[u8]) {
    if let Err(error) = io::stderr().lock().write_all(bytes)
        && error.kind() != ErrorKind::BrokenPipe
    {
        FAILED.store(true, Ordering::Relaxed);
    }
}

/// Whether something could not be written.
pub fn failed() -> bool {
    FAILED.load(Ordering::Relaxed)
}
