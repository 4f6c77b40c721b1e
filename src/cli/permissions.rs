//! The flags that restrict a program, made from the table of capabilities. Each of them but `--allow-all` denies what no other allows.

use crate::runtime::capability::{Capability, GROUPS, Group, List, Narrowing, Paths, Permissions};
use crate::runtime::door;
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches};
use std::sync::Arc;

const HEADING: &str = "Permissions (PATHS and NAMES are separated by commas; two commas stand for one)";

/// What the flags leave a program.
#[derive(Clone, Debug, Default)]
pub struct PermissionFlags {
    /// What it may do.
    pub permissions: Permissions,
    /// The flags, for another process in the same directory.
    pub words: Vec<String>,
}

/// The items of a list.
fn items(list: &str) -> Vec<String> {
    let mut items = vec![String::new()];
    let mut letters = list.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == ',' && letters.next_if_eq(&',').is_none() {
            items.push(String::new());
        } else if let Some(item) = items.last_mut() {
            item.push(letter);
        }
    }
    items
}

/// The list that the flag of a capability has been given.
fn list(capability: Capability, given: &[&String]) -> Result<List, Error> {
    let items: Vec<String> = given.iter().flat_map(|list| items(list)).collect();
    let wrong = |why: &str| {
        let flag = capability.flag();
        Error::raw(ErrorKind::InvalidValue, format!("a list after `--{flag}=` is wrong: {why}\n"))
    };
    if items.iter().any(String::is_empty) {
        return Err(wrong("an item is empty"));
    }
    if capability.narrowing() == Narrowing::Names {
        return Ok(List::Names(items.into()));
    }
    let mut paths = Paths::default();
    for path in &items {
        door::list(&mut paths, path).map_err(|error| wrong(&format!("'{path}': {error}")))?;
    }
    Ok(List::Paths(Arc::new(paths)))
}

impl FromArgMatches for PermissionFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<PermissionFlags, Error> {
        let (mut permissions, mut words) = (Permissions::NONE, Vec::new());
        for &capability in Capability::ALL {
            let flag = capability.flag();
            if capability.narrowing() == Narrowing::Never {
                if matches.get_flag(flag) {
                    permissions = permissions.with(capability);
                    words.push(format!("--{flag}"));
                }
                continue;
            }
            let Some(given) = matches.get_occurrences::<String>(flag) else { continue };
            let given: Vec<Option<&String>> = given.map(|mut list| list.next()).collect();
            words.extend(given.iter().map(|given| match given {
                Some(list) => format!("--{flag}={list}"),
                None => format!("--{flag}"),
            }));
            // Without a list anywhere the flag means everything.
            permissions = match given.iter().copied().collect::<Option<Vec<&String>>>() {
                None => permissions.with(capability),
                Some(lists) => permissions.with_list(capability, list(capability, &lists)?),
            };
        }
        for group in GROUPS.iter().filter(|group| matches.get_flag(group.flag)) {
            words.push(format!("--{}", group.flag));
            permissions = match group.members.len() == Capability::ALL.len() {
                true => Permissions::ALL,
                false => group.members.iter().fold(permissions, |all, &one| all.with(one)),
            };
        }
        let permissions = if words.is_empty() { Permissions::ALL } else { permissions };
        Ok(PermissionFlags { permissions, words })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = PermissionFlags::from_arg_matches(matches)?;
        Ok(())
    }
}

fn flag(name: &'static str, documentation: &'static str) -> Arg {
    Arg::new(name).long(name).help(documentation.trim_end_matches('.')).help_heading(HEADING)
}

/// Deny first, then what is allowed one by one, then together.
fn with_flags(command: Command) -> Command {
    let group = |group: &Group| flag(group.flag, group.documentation).action(ArgAction::SetTrue);
    let one = |&capability: &Capability| {
        let flag = flag(capability.flag(), capability.documentation());
        let value = match capability.narrowing() {
            Narrowing::Never => return flag.action(ArgAction::SetTrue),
            Narrowing::Paths => "PATHS",
            Narrowing::Names => "NAMES",
        };
        flag.num_args(0..=1).require_equals(true).action(ArgAction::Append).value_name(value)
    };
    let (denying, allowing): (Vec<&Group>, _) = GROUPS.iter().partition(|group| group.members.is_empty());
    let groups = |list: Vec<&'static Group>| list.into_iter().map(group);
    command.args(groups(denying)).args(Capability::ALL.iter().map(one)).args(groups(allowing))
}

impl Args for PermissionFlags {
    fn augment_args(command: Command) -> Command {
        // PERF: for the command that is given, not for all that have them.
        command.defer(with_flags)
    }

    fn augment_args_for_update(command: Command) -> Command {
        PermissionFlags::augment_args(command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn flags(words: &[&str]) -> Result<PermissionFlags, Error> {
        let command = PermissionFlags::augment_args(Command::new("test"));
        let matches = command.try_get_matches_from([&["test"], words].concat())?;
        PermissionFlags::from_arg_matches(&matches)
    }

    fn of(words: &[&str]) -> Result<Permissions, Error> {
        flags(words).map(|flags| flags.permissions)
    }

    #[test]
    fn any_flag_denies_what_is_not_allowed() {
        assert_eq!(of(&[]).unwrap(), Permissions::ALL);
        assert_eq!(of(&["--untrusted"]).unwrap(), Permissions::NONE);
        assert_eq!(of(&["--untrusted", "--allow-all", "--allow-fs-read=a"]).unwrap(), Permissions::ALL);
        for &capability in Capability::ALL {
            let allowed = of(&[&format!("--{}", capability.flag())]).unwrap();
            assert_eq!(allowed, Permissions::NONE.with(capability));
            assert!(!allowed.is_trusted());
        }
        let net = of(&["--allow-net"]).unwrap();
        assert!(net.allow(Capability::NetClient) && net.allow(Capability::NetServer) && !net.allow(Capability::Clock));
    }

    #[test]
    fn lists_add_up() {
        let names = of(&["--allow-env-read=A,B", "--allow-env-read=C,,D"]).unwrap();
        for (name, allowed) in [("A", true), ("B", true), ("C,D", true), ("C", false), ("a", false), ("", false)] {
            assert_eq!(names.allow_name(Capability::EnvRead, name), allowed, "{name}");
        }
        let paths = of(&["--allow-fs-write=/,/no/./such/../directory"]).unwrap();
        let Some(List::Paths(paths)) = paths.list(Capability::FilesystemWrite) else { panic!("{paths:?}") };
        assert_eq!(paths.allowed, [PathBuf::from("/"), "/no/directory".into()]);
        let whole = of(&["--allow-fs-read=/a", "--allow-fs-read"]).unwrap();
        assert_eq!(whole, Permissions::NONE.with(Capability::FilesystemRead));
        for wrong in ["--allow-fs-read=", "--allow-fs-read=a,", "--allow-env-read=,A", "--allow-clock=x"] {
            assert!(of(&[wrong]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn another_process_gets_the_same_flags() {
        for words in [
            &["--allow-all"][..],
            &["--untrusted"],
            &["--allow-fs-read=/a,,b,/c", "--allow-env-read=A", "--allow-fs-delete", "--allow-net"],
        ] {
            let first = flags(words).unwrap();
            let again: Vec<&str> = first.words.iter().map(String::as_str).collect();
            assert_eq!(of(&again).unwrap(), first.permissions, "{again:?}");
        }
    }
}
