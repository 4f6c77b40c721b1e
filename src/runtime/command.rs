//! Running another program to its end: what it writes is read from both pipes as it comes, so neither can fill up and stop it; what
//! is beyond a limit is thrown away; and when its time is over, it is ended together with all it has started.
//!
//! A program runs in a process group of its own, which is what "all it has started" means, unless they leave it.

use super::interrupt;
use super::pool::Control;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::Pid;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Bytes read at once.
const PIECE: usize = 64 * 1024;
/// The longest pause between two looks at a program that has closed its pipes and not ended.
const LONGEST_PAUSE: Duration = Duration::from_millis(10);

/// What to run, and how.
#[derive(Clone, Debug)]
pub struct Spec {
    /// The program and its arguments; not empty.
    pub argv: Vec<String>,
    /// All of its environment variables.
    pub environment: BTreeMap<OsString, OsString>,
    /// What it reads from standard input.
    pub input: Vec<u8>,
    /// How long it may take.
    pub timeout: Duration,
    /// How many bytes of each of its outputs are kept.
    pub most: usize,
    /// What becomes of a program that writes more.
    pub surplus: Surplus,
}

/// What becomes of a program that writes more than is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surplus {
    /// It goes on, and the rest is thrown away.
    Cut,
    /// It is ended.
    End,
}

/// How a program ended.
#[derive(Debug, Default)]
pub struct Finished {
    /// Its exit code; nothing if a signal has ended it.
    pub code: Option<i32>,
    /// What it wrote.
    pub out: Output,
    /// What it wrote to standard error.
    pub err: Output,
    /// Whether its time was over.
    pub timed_out: bool,
    /// Whether there was no memory for what it wrote.
    pub refused: bool,
}

/// What is kept of an output.
#[derive(Debug, Default)]
pub struct Output {
    /// The first bytes.
    pub bytes: Vec<u8>,
    /// Whether there were more.
    pub truncated: bool,
}

/// A pipe that is read until it ends.
struct Source<P> {
    pipe: Option<P>,
    kept: Output,
}

impl<P: Read + AsFd> Source<P> {
    fn of(pipe: Option<P>) -> io::Result<Source<P>> {
        if let Some(pipe) = &pipe {
            rustix::io::ioctl_fionbio(pipe, true)?;
        }
        Ok(Source { pipe, kept: Output::default() })
    }

    /// Takes what there is; false if there is no memory for it.
    fn take(&mut self, piece: &mut [u8], most: usize, control: &Control) -> io::Result<bool> {
        let Some(pipe) = &mut self.pipe else { return Ok(true) };
        match pipe.read(piece) {
            Ok(0) => self.pipe = None,
            Ok(len) => {
                let kept = len.min(most - self.kept.bytes.len());
                self.kept.truncated |= kept < len;
                if !control.take(kept) {
                    return Ok(false);
                }
                self.kept.bytes.extend_from_slice(&piece[..kept]);
            }
            Err(error) if is_passing(&error) => {}
            Err(error) => return Err(error),
        }
        Ok(true)
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock)
}

/// Runs a program to its end.
///
/// # Errors
/// It cannot be started, or the system fails on the way.
pub fn run(spec: &Spec, control: &Control) -> io::Result<Finished> {
    let deadline = Instant::now().checked_add(spec.timeout);
    let (program, arguments) = spec.argv.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(&spec.environment).process_group(0);
    command.stdin(if spec.input.is_empty() { Stdio::null() } else { Stdio::piped() });
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = interrupt::start(|| command.spawn())?;
    let group = Pid::from_child(&child);
    control.started(group);
    let mut finished = Finished::default();
    let served = serve(&mut child, spec, deadline, control, &mut finished);
    if served.is_err() || finished.timed_out || finished.refused {
        end(group);
    }
    // Without this the process would stay in the system's table.
    let status = reap(&mut child, group, deadline, control, &mut finished.timed_out)?;
    served?;
    finished.code = status.code();
    Ok(finished)
}

fn end(group: Pid) {
    let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
}

/// What is left until `deadline`: nothing for ever, an error when it has passed.
fn left(deadline: Option<Instant>) -> Result<Option<Duration>, ()> {
    let Some(deadline) = deadline else { return Ok(None) };
    match deadline.checked_duration_since(Instant::now()) {
        Some(left) if !left.is_zero() => Ok(Some(left)),
        _ => Err(()),
    }
}

/// Serves the pipes of a program until it has closed them, its time is over, or there is no room for what it writes.
fn serve(
    child: &mut Child,
    spec: &Spec,
    deadline: Option<Instant>,
    control: &Control,
    finished: &mut Finished,
) -> io::Result<()> {
    let mut out = Source::of(child.stdout.take())?;
    let mut err = Source::of(child.stderr.take())?;
    let mut stdin = child.stdin.take();
    if let Some(pipe) = &stdin {
        rustix::io::ioctl_fionbio(pipe, true)?;
    }
    let mut input = &spec.input[..];
    let mut piece = vec![0; PIECE];
    let result = loop {
        if out.pipe.is_none() && err.pipe.is_none() {
            break Ok(());
        }
        let Ok(left) = left(deadline) else {
            finished.timed_out = true;
            break Ok(());
        };
        let ready = {
            let mut pipes = Vec::with_capacity(3);
            pipes.extend(out.pipe.as_ref().map(|pipe| PollFd::new(pipe, PollFlags::IN)));
            pipes.extend(err.pipe.as_ref().map(|pipe| PollFd::new(pipe, PollFlags::IN)));
            pipes.extend(stdin.as_ref().map(|pipe| PollFd::new(pipe, PollFlags::OUT)));
            let left = left.and_then(|left| Timespec::try_from(left).ok());
            poll(&mut pipes, left.as_ref())
        };
        match ready {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => break Err(error.into()),
        }
        // Reads and writes wait for nothing, so all pipes may be tried.
        let kept = out.take(&mut piece, spec.most, control);
        let kept = kept.and_then(|kept| Ok(kept & err.take(&mut piece, spec.most, control)?));
        match kept {
            Ok(true) => {}
            Ok(false) => {
                finished.refused = true;
                break Ok(());
            }
            Err(error) => break Err(error),
        }
        if spec.surplus == Surplus::End && (out.kept.truncated || err.kept.truncated) {
            end(Pid::from_child(child));
            break Ok(());
        }
        if let Some(pipe) = &mut stdin {
            match pipe.write(input) {
                Ok(len) => input = &input[len..],
                Err(error) if is_passing(&error) => {}
                // A program need not read all it is given.
                Err(_) => input = &[],
            }
            if input.is_empty() {
                stdin = None;
            }
        }
    };
    (finished.out, finished.err) = (out.kept, err.kept);
    result
}

/// Waits until a program has ended, and ends it when its time is over.
fn reap(
    child: &mut Child,
    group: Pid,
    deadline: Option<Instant>,
    control: &Control,
    timed_out: &mut bool,
) -> io::Result<ExitStatus> {
    let mut pause = Duration::from_micros(50);
    loop {
        if let Some(status) = control.ended(|| interrupt::ended(group, || child.try_wait()))? {
            return Ok(status);
        }
        if !*timed_out && left(deadline).is_err() {
            *timed_out = true;
            end(group);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn shell(script: &str, most: usize, surplus: Surplus) -> Finished {
        let argv = ["sh", "-c", script].map(str::to_owned).to_vec();
        let (environment, input) = (std::env::vars_os().collect(), Vec::new());
        let spec = Spec { argv, environment, input, timeout: Duration::from_secs(50), most, surplus };
        run(&spec, &Control::new(Arc::default(), usize::MAX)).unwrap()
    }

    /// Whether a process is there and no zombie.
    fn lives(process: &str) -> bool {
        let status = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        status.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
    }

    #[test]
    fn what_a_program_has_started_ends_with_it() {
        // Only an end of the group ends the background process, which holds the pipes open, and the endless writer.
        let finished = shell("sleep 1000 & echo $!; yes", 100_000, Surplus::End);
        assert!(finished.out.truncated && finished.out.bytes.len() == 100_000);
        let text = String::from_utf8_lossy(&finished.out.bytes).into_owned();
        let background = text.lines().next().unwrap().to_owned();
        let ended = (0..5000).any(|_| {
            std::thread::sleep(Duration::from_millis(1));
            !lives(&background)
        });
        assert!(ended, "process {background} is still there");
    }

    #[test]
    fn full_pipes_stop_nobody() {
        let both = "head -c 1000000 /dev/zero >&2; head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2";
        let finished = shell(both, 1_500_000, Surplus::Cut);
        assert_eq!((finished.code, finished.out.bytes.len()), (Some(0), 1_000_000));
        assert_eq!(
            (finished.err.bytes.len(), finished.out.truncated, finished.err.truncated),
            (1_500_000, false, true)
        );
    }
}
