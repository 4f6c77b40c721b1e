//! Files read and written by other threads while tasks run. Each call gives a promise; what fails rejects it.

use super::Args;
use super::file::{explained, reading, writing};
use crate::runtime::blocks;
use crate::runtime::capability::Denial;
use crate::runtime::door::{Door, Last, Mean};
use crate::runtime::error::{RuntimeError, Trap};
use crate::runtime::gather::{self, Items};
use crate::runtime::host::Host;
use crate::runtime::pool::{AtEnd, Control, Finish, Job};
use crate::runtime::replace::{self, Existing};
use crate::runtime::value::Value;
use rustc_hash::FxHashSet;
use std::io::{self, Read};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

type Outcome = Result<Value, RuntimeError>;

/// Bytes read at once.
const PIECE: usize = 64 * 1024;
/// Most files of one call that are open at the same time.
const MOST_AT_ONCE: usize = 8;

fn message(text: impl Into<Box<str>>) -> RuntimeError {
    RuntimeError::message(text)
}

/// Why there is no text.
enum Failed {
    System(io::Error),
    /// There is no memory for it.
    Memory,
}

/// The text of a file.
fn read(door: &Door, path: &str, control: &Control) -> Result<String, Failed> {
    let opened = door.locate(path, Last::Follow).and_then(|location| location.open(Mean::Read));
    let mut file = opened.map_err(Failed::System)?;
    let mut bytes = Vec::new();
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece) {
            Ok(0) => break,
            Ok(len) if control.take(len) && !control.is_stopped() => bytes.extend_from_slice(&piece[..len]),
            Ok(_) => return Err(Failed::Memory),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Failed::System(error)),
        }
    }
    bytes.shrink_to_fit();
    String::from_utf8(bytes)
        .map_err(|_| Failed::System(io::Error::new(io::ErrorKind::InvalidData, "stream did not contain valid UTF-8")))
}

fn write(door: &Door, path: &str, text: &str) -> io::Result<()> {
    replace::write_bytes(&door.locate(path, Last::Follow)?, Existing::Replace, text.as_bytes())
}

/// Whether a call may use these paths at all. Its job asks again when it opens them.
fn admit<'p>(door: Door, paths: impl IntoIterator<Item = &'p String>) -> Result<Door, RuntimeError> {
    for path in paths {
        if let Err(error) = door.locate(path, Last::Follow)
            && Denial::is(&error)
        {
            explained(Err(error), "", path)?;
        }
    }
    Ok(door)
}

/// The error of a file; `place` is where in a list it stands, if it does.
fn rejection(failed: Failed, verb: &str, path: &str, place: Option<usize>) -> RuntimeError {
    match failed {
        Failed::Memory => RuntimeError::out_of_memory(),
        Failed::System(error) => RuntimeError::of_system(error, |error| {
            let place = place.map_or(String::new(), |place| format!(" (index {place})"));
            format!("Promise rejected: Failed to {verb} file '{path}'{place}: {error}")
        }),
    }
}

/// A job that a promise stands for.
fn promised(host: &mut Host, at_end: AtEnd, work: impl FnOnce(&Control) -> Finish + Send + 'static) -> Outcome {
    host.hand_over(Job { at_end, ..Job::new(work) });
    Err(RuntimeError::Trap(Trap::PromiseJob))
}

pub(super) fn read_file(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let path = args.text(0).ok_or_else(|| message("async_read_file() requires a string path argument"))?.to_owned();
    let door = admit(reading(host, args)?, [&path])?;
    promised(host, AtEnd::Leave, move |control| match read(&door, &path, control) {
        Ok(text) => Box::new(move || super::text::result(&text)),
        Err(failed) => Box::new(move || Err(rejection(failed, "read", &path, None))),
    })
}

pub(super) fn write_file(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let wrong = "async_write_file() requires string path and content arguments";
    let (path, text) = args.text(0).zip(args.text(1)).ok_or_else(|| message(wrong))?;
    super::text::fits(text.len())?;
    let (path, text) = (path.to_owned(), text.to_owned());
    let door = admit(writing(host, args)?, [&path])?;
    promised(host, AtEnd::Complete, move |_| match write(&door, &path, &text) {
        Ok(()) => Box::new(|| Ok(Value::TRUE)),
        Err(error) => Box::new(move || Err(rejection(Failed::System(error), "write", &path, None))),
    })
}

/// The strings of an array argument; `what` are its elements, such as `path`.
fn strings(args: &Args<'_>, at: usize, list: &str, what: &str) -> Result<Vec<String>, RuntimeError> {
    let name = args.name();
    let array = args.get(at).as_array();
    let array = array.ok_or_else(|| message(format!("{name}() requires an array of {list}")))?;
    let bytes = array.iter().filter_map(Value::as_str).map(str::len).sum::<usize>() + size_of_val(array) * 3;
    super::text::fits(bytes)?;
    let text = |(at, item): (usize, &Value)| {
        let text = item.as_str().map(str::to_owned);
        text.ok_or_else(|| message(format!("{name}() {what} at index {at} must be a string")))
    };
    array.iter().enumerate().map(text).collect()
}

/// How many files of a call may be open at the same time.
fn limit(args: &Args<'_>, at: usize) -> Result<usize, RuntimeError> {
    let name = args.name();
    match (args.len() > at, args.get(at).as_int()) {
        (false, _) => Ok(MOST_AT_ONCE),
        (_, Some(limit)) if limit > 0 => Ok(usize::try_from(limit).unwrap_or(usize::MAX).min(MOST_AT_ONCE)),
        (_, Some(limit)) => Err(message(format!("{name}() concurrency_limit must be > 0, got {limit}"))),
        (_, None) => Err(message(format!("{name}() concurrency_limit must be an int"))),
    }
}

/// What `each` gives for every place below `count`, in order, on at most `limit` threads; or the failure of the first place that has
/// failed. Places are begun in order, so those before a failure are always tried.
fn in_order<R: Send>(
    count: usize,
    limit: usize,
    each: impl Fn(usize) -> Result<R, Failed> + Sync,
) -> Result<Vec<R>, (usize, Failed)> {
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<(usize, Result<R, Failed>)>> = Mutex::new(Vec::with_capacity(count));
    let run = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= count {
                return;
            }
            let result = each(at);
            results.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push((at, result));
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..limit.min(count) {
            // Without another thread this one does the work.
            let _ = std::thread::Builder::new().stack_size(256 * 1024).spawn_scoped(scope, || {
                run();
                blocks::give_back();
            });
        }
        run();
    });
    let mut results = results.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(at, result)| result.map_err(|failed| (at, failed))).collect()
}

pub(super) fn read_files(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let paths = strings(args, 0, "paths", "path")?;
    let limit = limit(args, 1)?;
    let door = admit(reading(host, args)?, &paths)?;
    let each = move |at: usize, paths: &[String], control: &Control| read(&door, &paths[at], control);
    promised(host, AtEnd::Leave, move |control| match in_order(paths.len(), limit, |at| each(at, &paths, control)) {
        Ok(texts) => Box::new(move || {
            let mut items = Items::default();
            for text in texts {
                items.push(super::text::result(&text)?)?;
            }
            Ok(items.finish())
        }),
        Err((at, failed)) => Box::new(move || Err(rejection(failed, "read", &paths[at], Some(at)))),
    })
}

pub(super) fn write_files(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let paths = strings(args, 0, "paths", "path")?;
    let texts = strings(args, 1, "contents", "content")?;
    let limit = limit(args, 2)?;
    if paths.len() != texts.len() {
        return Err(message(format!(
            "async_write_files() paths and contents arrays must have the same length (paths={}, contents={})",
            paths.len(),
            texts.len()
        )));
    }
    // Of two contents for one file the later stays.
    let is_distinct = paths.iter().collect::<FxHashSet<_>>().len() == paths.len();
    let limit = if is_distinct { limit } else { 1 };
    let door = admit(writing(host, args)?, &paths)?;
    promised(host, AtEnd::Complete, move |_| {
        match in_order(paths.len(), limit, |at| write(&door, &paths[at], &texts[at]).map_err(Failed::System)) {
            Ok(done) => Box::new(move || gather::array(done.iter().map(|()| Value::TRUE))),
            Err((at, failed)) => Box::new(move || Err(rejection(failed, "write", &paths[at], Some(at)))),
        }
    })
}
