//! A small store of strings in the current directory, for programs that keep something between runs.
//!
//! The file `.ruff_kv.json` is a JSON object whose values are strings, keys sorted, two blanks of indentation. It is replaced as a
//! whole by each `kv_set`, so a reader sees the store before or after, and needs no lock. Writers take turns: each holds a lock on
//! the empty file `.ruff_kv.json.lock` from reading to replacing.

use super::Args;
use super::json;
use crate::runtime::dict::{self, Key};
use crate::runtime::error::RuntimeError;
use crate::runtime::host::Host;
use crate::runtime::replace::{self, Existing};
use crate::runtime::value::{Value, View};
use std::fs::OpenOptions;
use std::io;
use std::path::Path;

type Outcome = Result<Value, RuntimeError>;

const STORE: &str = "./.ruff_kv.json";
const LOCK: &str = "./.ruff_kv.json.lock";

/// An error with the store.
fn failed(what: &str, why: impl std::fmt::Display) -> RuntimeError {
    RuntimeError::message(format!("Failed to {what} kv store '{STORE}': {why}"))
}

/// The store as a dict; empty if there is no file.
fn load() -> Outcome {
    let text = match std::fs::metadata(STORE) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(dict::new()),
        Err(error) => return Err(failed("read", error)),
        Ok(_) => super::read::text(STORE, false)?,
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

pub(super) fn kv_get(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let Some(key) = args.text(0) else {
        return Err(RuntimeError::message("kv_get requires a key string argument"));
    };
    let store = load()?;
    let found = store.as_dict().and_then(|dict| dict.get(&Key::text(key)));
    Ok(found.cloned().unwrap_or(Value::NULL))
}

pub(super) fn kv_set(_: &mut Host, args: &mut Args<'_>) -> Outcome {
    let (Some(key), Some(_)) = (args.text(0), args.text(1)) else {
        return Err(RuntimeError::message("kv_set requires key and value string arguments"));
    };
    let lock = OpenOptions::new().write(true).create(true).truncate(false).open(LOCK);
    // The lock ends with the file, whatever happens.
    let lock = lock.and_then(|lock| lock.lock().map(|()| lock)).map_err(|error| failed("write", error))?;
    let mut store = load()?;
    if let Some(mut entries) = store.as_dict_mut() {
        entries.insert(Key::text(key), args.get(1).clone());
    }
    let text = json::write(&store, Some("  "))?;
    let text = text.as_str().unwrap_or("");
    let written = replace::write_bytes(Path::new(STORE), Existing::Replace, text.as_bytes());
    drop(lock);
    written.map_err(|error| failed("write", error))?;
    Ok(Value::TRUE)
}
