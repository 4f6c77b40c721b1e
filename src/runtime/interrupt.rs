//! A signal that ends this process reaches the programs it has started: they run in process groups of their own, where a Ctrl-C at the
//! terminal does not go.
//!
//! Nothing is watched before the first program is started, and no signal that this process was started to ignore.

use rustix::process::{Pid, Signal};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;
use std::io;
use std::process::Child;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

/// The process groups of programs that run.
static GROUPS: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

fn groups() -> MutexGuard<'static, Vec<Pid>> {
    GROUPS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts a program as the first of its process group. No signal comes between its start and its note.
///
/// # Errors
/// Those of `start`.
pub fn start(start: impl FnOnce() -> io::Result<Child>) -> io::Result<Child> {
    static WATCH: Once = Once::new();
    WATCH.call_once(watch);
    let mut groups = groups();
    let child = start()?;
    groups.push(Pid::from_child(&child));
    Ok(child)
}

/// Asks whether the first program of a group has ended. From then on its number may be another's, so it is forgotten at once.
///
/// # Errors
/// Those of `ask`.
pub fn ended<S>(group: Pid, ask: impl FnOnce() -> io::Result<Option<S>>) -> io::Result<Option<S>> {
    let mut groups = groups();
    let status = ask()?;
    if status.is_some() {
        groups.retain(|other| *other != group);
    }
    Ok(status)
}

/// Has a thread wait for signals. Without one they end this process only.
fn watch() {
    let watched = [(SIGINT, Signal::INT), (SIGTERM, Signal::TERM), (SIGHUP, Signal::HUP)];
    let watched: Vec<_> = watched.into_iter().filter(|(number, _)| !is_ignored(*number)).collect();
    let Ok(mut signals) = Signals::new(watched.iter().map(|(number, _)| number)) else { return };
    let pass_on = move || {
        for number in signals.forever() {
            let signal =
                watched.iter().find(|(watched, _)| *watched == number).map_or(Signal::TERM, |(_, signal)| *signal);
            // Whoever starts a program waits; it is not started any more.
            let groups = groups();
            for &group in &*groups {
                let _ = rustix::process::kill_process_group(group, signal);
            }
            let _ = emulate_default_handler(number);
        }
    };
    let _ = std::thread::Builder::new().name("signals".to_owned()).stack_size(64 * 1024).spawn(pass_on);
}

/// Whether this process ignores a signal, such as `SIGHUP` under `nohup`.
fn is_ignored(number: i32) -> bool {
    // A watched signal would not be ignored any more; Linux says which are.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (number - 1) & 1 != 0
}
