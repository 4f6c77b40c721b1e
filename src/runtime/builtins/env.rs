//! Environment variables. What a program sets is its own: it and the processes it starts see it, the process that runs it stays as it
//! is. So no other thread can be reading the environment while it changes.

use super::Args;
use crate::runtime::capability::Capability;
use crate::runtime::dict::{self, Key};
use crate::runtime::error::RuntimeError;
use crate::runtime::heap;
use crate::runtime::host::Host;
use crate::runtime::value::Value;
use std::collections::BTreeMap;
use std::ffi::OsString;

type Outcome = Result<Value, RuntimeError>;

/// The environment of a program: that of the process, and what the program has set.
#[derive(Default)]
pub struct Environment {
    set: BTreeMap<String, String>,
}

impl Environment {
    /// The value of a variable. What is no text is shown with replacement characters.
    pub fn get(&self, name: &str) -> Option<String> {
        match self.set.get(name) {
            Some(value) => Some(value.clone()),
            None => std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()),
        }
    }

    /// All variables, in the order of their names.
    pub fn all(&self) -> BTreeMap<OsString, OsString> {
        let mut all: BTreeMap<OsString, OsString> = std::env::vars_os().collect();
        all.extend(self.set.iter().map(|(name, value)| (name.into(), value.into())));
        all
    }
}

/// Why there can be no variable of that name or value.
pub(super) fn refusal(name: &str, value: &str) -> Option<&'static str> {
    match () {
        () if name.is_empty() => Some("variable name must not be empty"),
        () if name.contains(['=', '\0']) => Some("variable name must not contain '=' or NUL"),
        () if value.contains('\0') => Some("variable value must not contain NUL"),
        () => None,
    }
}

/// The variable name, if it is a string.
fn name<'a>(args: &'a Args<'_>) -> Result<&'a str, RuntimeError> {
    args.text(0)
        .ok_or_else(|| RuntimeError::message(format!("{} requires a string argument (variable name)", args.name())))
}

/// Name and second argument, if they are strings.
fn pair<'a>(args: &'a Args<'_>, second: &str) -> Result<(&'a str, &'a str), RuntimeError> {
    args.text(0).zip(args.text(1)).ok_or_else(|| {
        RuntimeError::message(format!("{} requires two string arguments (variable name, {second})", args.name()))
    })
}

/// The value of the variable that the first argument names, read as something else.
fn read<R>(host: &Host, args: &Args<'_>, what: &str, parse: impl FnOnce(&str) -> Option<R>) -> Result<R, RuntimeError> {
    let name = name(args)?;
    let Some(value) = host.variable(name, args.name())? else {
        return Err(RuntimeError::message(format!("Environment variable '{name}' not found")));
    };
    parse(&value).ok_or_else(|| {
        RuntimeError::message(format!("Environment variable '{name}' value '{value}' is not a valid {what}"))
    })
}

pub(super) fn env(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    super::text::result(&host.variable(name(args)?, args.name())?.unwrap_or_default())
}

pub(super) fn env_or(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let (name, _) = pair(args, "default value")?;
    match host.variable(name, args.name())? {
        Some(value) => super::text::result(&value),
        None => Ok(args.take(1)),
    }
}

pub(super) fn env_int(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    read(host, args, "integer", |text| text.parse().ok()).map(Value::int)
}

pub(super) fn env_float(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    read(host, args, "float", |text| text.parse().ok()).map(Value::float)
}

pub(super) fn env_bool(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let parse = |text: &str| match text.to_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" => Some(false),
        _ => None,
    };
    read(host, args, "bool", parse).map(Value::bool)
}

pub(super) fn env_required(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let name = name(args)?;
    match host.variable(name, args.name())? {
        Some(value) => super::text::result(&value),
        None => Err(RuntimeError::message(format!("Required environment variable '{name}' is not set"))),
    }
}

pub(super) fn env_set(host: &mut Host, args: &mut Args<'_>) -> Outcome {
    let (name, value) = pair(args, "value")?;
    if let Some(why) = refusal(name, value) {
        return Err(RuntimeError::message(format!("env_set {why}")));
    }
    heap::check_room(name.len() + value.len())?;
    host.environment_mut().set.insert(name.to_owned(), value.to_owned());
    Ok(Value::NULL)
}

/// A dict of all variables that the program may read.
pub(super) fn all(host: &mut Host, _: &mut Args<'_>) -> Outcome {
    let mut variables = dict::new();
    if let Some(mut entries) = variables.as_dict_mut() {
        for (name, value) in host.environment().all() {
            if !host.permissions().allow_name(Capability::EnvRead, &name.to_string_lossy()) {
                continue;
            }
            let value = super::text::result(&value.to_string_lossy())?;
            entries.insert(Key::text(&name.to_string_lossy()), value);
        }
    }
    Ok(variables)
}
