//! The world outside a program: output, input, arguments, clock, and the state of the random numbers.
//!
//! Standard output is buffered and written before anything goes to standard error, before input is read, and when the host is
//! dropped. A reader that has gone away ends the program quietly; output that cannot be written for another reason is said on
//! standard error ([`streams`]) and ends it with code 1.

use super::builtins;
use super::builtins::env::Environment;
use super::builtins::regex::Patterns;
use super::capability::{Capability, Denial, Permissions};
use super::door::Door;
use super::error::RuntimeError;
use super::gather;
use super::pool::Job;
use super::value::Value;
use crate::base::streams::{self, Written};
use std::io::{self, BufRead, IsTerminal};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How much output may wait.
const BUFFER: usize = 32 * 1024;

/// What a program sees of the outside.
pub struct Host {
    out: Vec<u8>,
    err: Vec<u8>,
    target: Target,
    input: Option<io::Cursor<Vec<u8>>>,
    arguments: Vec<String>,
    started: Instant,
    random: Random,
    draft: String,
    environment: Environment,
    patterns: Patterns,
    permissions: Permissions,
    job: Option<Job>,
}

/// Where output goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    /// To the process's streams; whether each line is written at once.
    Process { by_line: bool },
    /// It stays in the buffers.
    Captured,
}

impl Host {
    /// A host on the streams of this process.
    pub fn process(arguments: Vec<String>) -> Host {
        Host::new(Target::Process { by_line: io::stdout().is_terminal() }, None, arguments)
    }

    /// A host that keeps all output, and reads from `input`.
    pub fn captured(input: &str) -> Host {
        Host::new(Target::Captured, Some(io::Cursor::new(input.as_bytes().to_vec())), Vec::new())
    }

    /// A host that keeps all output, and reads the input of this process.
    pub fn recording() -> Host {
        Host::new(Target::Captured, None, Vec::new())
    }

    fn new(target: Target, input: Option<io::Cursor<Vec<u8>>>, arguments: Vec<String>) -> Host {
        let (out, err) = (Vec::new(), Vec::new());
        Host {
            out,
            err,
            target,
            input,
            arguments,
            started: Instant::now(),
            random: Random::fresh(),
            draft: String::new(),
            environment: Environment::default(),
            patterns: Patterns::default(),
            permissions: Permissions::ALL,
            job: None,
        }
    }

    /// A string made of what `write` appends. The buffer it appends to is kept, so a short text costs no allocation but its own.
    pub fn compose(
        &mut self,
        write: impl FnOnce(&mut String) -> Result<(), RuntimeError>,
    ) -> Result<Value, RuntimeError> {
        self.draft(write, Value::string)
    }

    /// What `finish` makes of the text that `write` writes.
    ///
    /// # Errors
    /// Those of `write`.
    pub fn draft<R>(
        &mut self,
        write: impl FnOnce(&mut String) -> Result<(), RuntimeError>,
        finish: impl FnOnce(&str) -> R,
    ) -> Result<R, RuntimeError> {
        const KEPT: usize = 16 * 1024;
        let mut draft = std::mem::take(&mut self.draft);
        let result = write(&mut draft).map(|()| finish(&draft));
        if draft.capacity() <= KEPT {
            draft.clear();
            self.draft = draft;
        }
        result
    }

    /// The same host with arguments for the program.
    pub fn with_arguments(mut self, arguments: Vec<String>) -> Host {
        self.arguments = arguments;
        self
    }

    /// The arguments meant for the program.
    pub fn arguments(&self) -> &[String] {
        &self.arguments
    }

    /// The same host with these permissions only.
    pub fn permitted(mut self, permissions: Permissions) -> Host {
        self.permissions = permissions;
        self
    }

    /// What the program may do.
    pub fn permissions(&self) -> &Permissions {
        &self.permissions
    }

    /// Whether the builtin `name` may do what it needs.
    ///
    /// # Errors
    /// It may not.
    #[inline]
    pub fn permit(&self, capability: Capability, name: &'static str) -> Result<(), RuntimeError> {
        match self.permissions.demand(capability, name) {
            Ok(()) => Ok(()),
            Err(denial) => Err(RuntimeError::denied(Denial { name: builtins::shown_name(name), ..denial })),
        }
    }

    /// The way to files for the builtin `name`.
    ///
    /// # Errors
    /// It may not use any.
    pub fn door(&self, capability: Capability, name: &'static str) -> Result<Door, RuntimeError> {
        Door::of(&self.permissions, capability, name).map_err(RuntimeError::denied)
    }

    /// The value of the environment variable that the builtin `name` asks for.
    ///
    /// # Errors
    /// It may not read it.
    pub fn variable(&self, variable: &str, name: &'static str) -> Result<Option<String>, RuntimeError> {
        self.permit(Capability::EnvRead, name)?;
        if !self.permissions.allow_name(Capability::EnvRead, variable) {
            let subject = Some(variable.into());
            return Err(RuntimeError::denied(Denial { capability: Capability::EnvRead, name, subject }));
        }
        Ok(self.environment.get(variable))
    }

    /// Leaves a job to who runs tasks: the builtin ends in a trap that says what to do with it.
    pub fn hand_over(&mut self, job: Job) {
        self.job = Some(job);
    }

    /// The job a builtin has left.
    pub fn take_job(&mut self) -> Option<Job> {
        self.job.take()
    }

    /// The environment variables.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The environment variables, for setting them.
    pub fn environment_mut(&mut self) -> &mut Environment {
        &mut self.environment
    }

    /// The regular expressions compiled last.
    pub fn patterns(&mut self) -> &mut Patterns {
        &mut self.patterns
    }

    /// Writes to standard output.
    pub fn print(&mut self, text: &str) -> Result<(), RuntimeError> {
        if text.len() >= BUFFER && self.target != Target::Captured {
            self.flush()?;
            return write_out(text.as_bytes());
        }
        self.out.extend_from_slice(text.as_bytes());
        match self.target {
            Target::Process { by_line } if by_line || self.out.len() >= BUFFER => self.flush(),
            _ => Ok(()),
        }
    }

    /// Writes to standard error, after what waits for standard output.
    pub fn print_error(&mut self, text: &str) -> Result<(), RuntimeError> {
        if self.target == Target::Captured {
            self.err.extend_from_slice(text.as_bytes());
            return Ok(());
        }
        self.flush()?;
        streams::write_err(text.as_bytes());
        Ok(())
    }

    /// Writes what waits for standard output.
    ///
    /// # Errors
    /// It cannot be written, and the program has to end: quietly if its reader has gone away.
    pub fn flush(&mut self) -> Result<(), RuntimeError> {
        if self.target == Target::Captured || self.out.is_empty() {
            return Ok(());
        }
        let written = write_out(&self.out);
        self.out.clear();
        written
    }

    /// Takes what a capturing host has kept: standard output and standard error.
    pub fn take_output(&mut self) -> (String, String) {
        let text = |bytes: &mut Vec<u8>| String::from_utf8_lossy(&std::mem::take(bytes)).into_owned();
        (text(&mut self.out), text(&mut self.err))
    }

    /// The next line of input without its end; nothing at the end of input.
    pub fn read_line(&mut self) -> Result<Option<String>, RuntimeError> {
        self.flush()?;
        let mut line = Vec::new();
        match &mut self.input {
            Some(input) => read_line(input, &mut line)?,
            None => read_line(&mut io::stdin().lock(), &mut line)?,
        }
        if line.is_empty() {
            return Ok(None);
        }
        if line.last() == Some(&b'\n') {
            line.pop();
            if line.last() == Some(&b'\r') {
                line.pop();
            }
        }
        Ok(Some(String::from_utf8_lossy(&line).into_owned()))
    }

    /// Time since the program started; never decreases.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Time since 1970.
    pub fn since_epoch(&self) -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }

    /// The random numbers.
    pub fn random(&mut self) -> &mut Random {
        &mut self.random
    }
}

/// Writes to standard output, now.
fn write_out(bytes: &[u8]) -> Result<(), RuntimeError> {
    match streams::write_out(bytes) {
        Written::Whole => Ok(()),
        Written::Unread => Err(RuntimeError::Exit(0)),
        Written::Lost => Err(RuntimeError::Exit(1)),
    }
}

/// Appends a line with its end, or what there is of one before the end of the input. What cannot be read is its end.
fn read_line(input: &mut dyn BufRead, line: &mut Vec<u8>) -> Result<(), RuntimeError> {
    loop {
        let piece = match input.fill_buf() {
            Ok(piece) => piece,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return Ok(()),
        };
        let end = memchr::memchr(b'\n', piece).map(|at| at + 1);
        let len = end.unwrap_or(piece.len());
        gather::reserve(line, len)?;
        line.extend_from_slice(&piece[..len]);
        input.consume(len);
        if end.is_some() || len == 0 {
            return Ok(());
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.flush();
    }
}

/// Random numbers: SplitMix64 (Steele, Lea, Flood 2014).
pub struct Random {
    state: u64,
}

impl Random {
    /// Numbers nobody can repeat.
    pub fn fresh() -> Random {
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Random { state: time.as_nanos() as u64 ^ (std::process::id() as u64) << 40 }
    }

    /// Numbers that follow from a seed.
    pub fn seeded(seed: u64) -> Random {
        Random { state: seed }
    }

    /// Sixty-four random bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A float in [0, 1).
    pub fn float(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A number below `bound`, which is not zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((self.bits() as u128 * bound as u128) >> 64) as u64
    }
}
