//! A small store of strings in the current directory, for programs that keep something between runs.
//!
//! The file `.ruff_kv.json` is a JSON object whose values are strings, keys sorted, two blanks of indentation. It is replaced as a
//! whole by each `kv_set`, so a reader sees the store before or after, and needs no lock. Writers take turns: each holds a lock on
//! the empty file `.ruff_kv.json.lock` from reading to replacing.

use super::Args;
use super::{file, json};
use crate::runtime::dict::{self, Key};
use crate::runtime::door::{Door, Last, Mean};
use crate::runtime::error::RuntimeError;
use crate::runtime::host::Host;
use crate::runtime::replace::{self, Existing};
use crate::runtime::value::{Value, View};
use std::io;

type Outcome = Result<Value, RuntimeError>;

const STORE: &str = "./.ruff_kv.json";
/// Beside the store.
const LOCK: &str = ".ruff_kv.json.lock";

fn failed(what: &str, why: impl std::fmt::Display) -> RuntimeError {
    RuntimeError::message(failure(what, why))
}

/// What is said of an error with the store.
fn failure(what: &str, why: impl std::fmt::Display) -> String {
    format!("Failed to {what} kv store '{STORE}': {why}")
}

/// Of the system.
fn unable(what: &str, error: io::Error) -> RuntimeError {
    RuntimeError::of_system(error, |error| failure(what, error))
}

/// The store as a dict; empty if there is no file.
fn load(door: &Door) -> Outcome {
    let text = match door.locate(STORE, Last::Follow).and_then(|store| store.status()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(dict::new()),
        Err(error) => return Err(unable("read", error)),
        Ok(_) => super::read::text(door, STORE, false)?,
    };
    let store = match json::parse(text.as_str().unwrap_or("")) {
        Err(RuntimeError::Message(why)) => {
            return Err(failed("parse", why.strip_prefix("JSON parse error: ").unwrap_or(&why)));
        }
        read => read?,
    };
    match store.view() {
        View::Dict(dict) if dict.entries().all(|(_, value)| value.as_str().is_some()) => {}
        _ => return Err(failed("parse", "it is no object of strings")),
    }
    Ok(store)
}

pub(super) fn kv_get(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let Some(key) = args.text(0) else {
        return Err(RuntimeError::message("kv_get requires a key string argument"));
    };
    let store = load(&file::reading(host, args)?)?;
    let found = store.as_dict().and_then(|dict| dict.get(&Key::text(key)));
    Ok(found.cloned().unwrap_or(Value::NULL))
}

pub(super) fn kv_set(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let (Some(key), Some(_)) = (args.text(0), args.text(1)) else {
        return Err(RuntimeError::message("kv_set requires key and value string arguments"));
    };
    let door = file::writing(host, args)?;
    let place = door.locate(STORE, Last::Follow).map_err(|error| unable("write", error))?;
    // The lock ends with the file, whatever happens.
    let lock = door.locate(STORE, Last::Keep).and_then(|store| store.sibling(LOCK).open(Mean::Lock));
    let lock = lock.and_then(|lock| lock.lock().map(|()| lock)).map_err(|error| unable("write", error))?;
    let mut store = load(&door)?;
    if let Some(mut entries) = store.as_dict_mut() {
        entries.insert(Key::text(key), args.get(1).clone());
    }
    let text = json::write(&store, Some("  "))?;
    let text = text.as_str().unwrap_or("");
    let written = replace::write_bytes(&place, Existing::Replace, text.as_bytes());
    drop(lock);
    written.map_err(|error| unable("write", error))?;
    Ok(Value::TRUE)
}
