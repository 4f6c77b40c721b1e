//! Files written so that a crash leaves the old content or the new: the content goes into a file beside them, which takes their
//! place when it is on the disk.
//!
//! What is no ordinary file (a device, a pipe) is written as it is, and so is a file that has other names or another owner, which
//! taking its place would cut off, and one in a directory where none may be made. A symbolic link stays: what it leads to is replaced.

use super::door::{Location, Mean};
use rustix::fs::{FileType, Stat};
use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicU64, Ordering};

/// Whether there may be a file already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It is replaced.
    Replace,
    /// It is an error of the kind `AlreadyExists`.
    Refuse,
}

/// Writes the file at `path`; `write` writes the content.
///
/// # Errors
/// Those of the system, or what `write` fails with; the file is as it was then, if it is an ordinary one.
pub fn write<E: From<io::Error>>(
    path: &Location,
    existing: Existing,
    write: impl FnOnce(&mut File) -> Result<(), E>,
) -> Result<(), E> {
    let (there, is_dangling) = match path.link_status() {
        Ok(_) if existing == Existing::Refuse => return Err(io::Error::from(io::ErrorKind::AlreadyExists).into()),
        Ok(link) => {
            let there = path.status().ok();
            let is_link = FileType::from_raw_mode(link.st_mode) == FileType::Symlink;
            (there, is_link && there.is_none())
        }
        Err(_) => (None, false),
    };
    // What names no file is for the system to refuse.
    if !path.names_a_file() || is_dangling || there.as_ref().is_some_and(|there| !is_replaceable(there)) {
        return write(&mut path.open(Mean::Overwrite)?);
    }
    let target = if there.is_some() { path.settled()? } else { path.clone() };
    let (draft, mut file) = match draft_beside(&target) {
        Ok(made) => made,
        Err(error) if is_refused(&error) && existing == Existing::Replace => {
            return write(&mut path.open(Mean::Overwrite)?);
        }
        Err(error) => return Err(error.into()),
    };
    let placed = write(&mut file).and_then(|()| {
        if let Some(there) = &there {
            file.set_permissions(Permissions::from_mode(there.st_mode & 0o7777))?;
        }
        file.sync_all()?;
        place(&draft, &target, existing)?;
        Ok(())
    });
    if placed.is_err() || existing == Existing::Refuse {
        // A linked draft has two names.
        let _ = draft.remove_file();
    }
    placed
}

/// Writes the file at `path` with this content.
///
/// # Errors
/// As [`write`].
pub fn write_bytes(path: &Location, existing: Existing, content: &[u8]) -> io::Result<()> {
    write(path, existing, |file| io::Write::write_all(file, content))
}

fn is_replaceable(there: &Stat) -> bool {
    let is_file = FileType::from_raw_mode(there.st_mode) == FileType::RegularFile;
    is_file && there.st_nlink == 1 && there.st_uid == rustix::process::geteuid().as_raw()
}

/// Whether the system allows no new file there.
fn is_refused(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}

/// A new file beside `target`, whose name nobody has.
fn draft_beside(target: &Location) -> io::Result<(Location, File)> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        // Not made from the file's name, which may be as long as names can be.
        let draft = target.sibling(&format!(".ruff-{}-{number}.tmp", std::process::id()));
        match draft.open(Mean::Create) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map(|file| (draft, file)),
        }
    }
}

/// Gives the draft the name of the target.
fn place(draft: &Location, target: &Location, existing: Existing) -> io::Result<()> {
    match existing {
        Existing::Replace => draft.rename(target),
        // A link is never made over a file, as a new name would be.
        Existing::Refuse => match draft.link(target) {
            Err(error) if matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied) => {
                // Without links, an empty file of ours keeps the name free.
                target.open(Mean::Create)?;
                draft.rename(target)
            }
            linked => linked,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::capability::{Capability, List, Paths, Permissions as Allowed};
    use crate::runtime::door::{Door, Last};
    use std::fs;
    use std::os::unix::fs::MetadataExt;
    use std::path::Path;

    type Write<'w> = dyn Fn(&Path, Existing, &[u8]) -> io::Result<()> + 'w;

    /// Does `check` in a directory by paths the system follows, and in another by those a door follows; it gets what writes a file.
    fn by_both_doors(check: fn(&Path, &Write<'_>)) {
        for is_listed in [false, true] {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().canonicalize().unwrap();
            let paths = Paths { allowed: vec![path.clone(), "/dev/null".into()], ways: Vec::new() };
            let list = List::Paths(paths.into());
            let allowed = match is_listed {
                true => Allowed::NONE.with_list(Capability::FilesystemWrite, list),
                false => Allowed::ALL,
            };
            let door = Door::of(&allowed, Capability::FilesystemWrite, "test").unwrap();
            check(&path, &|path, existing, content| {
                let last = if existing == Existing::Refuse { Last::Keep } else { Last::Follow };
                let location = door.locate(path.to_str().unwrap(), last)?;
                write(&location, existing, |file| {
                    let (start, rest) = content.split_at(content.len() / 2);
                    io::Write::write_all(file, start)?;
                    if rest == b"!" { Err(io::ErrorKind::StorageFull.into()) } else { io::Write::write_all(file, rest) }
                })
            });
        }
    }

    fn names(directory: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn content_is_replaced_whole_or_not_at_all() {
        by_both_doors(|directory, write| {
            let path = directory.join("file");
            write(&path, Existing::Refuse, b"old").unwrap();
            let before = fs::metadata(&path).unwrap().ino();
            write(&path, Existing::Replace, b"h!").unwrap_err();
            assert_eq!(fs::read(&path).unwrap(), b"old");
            let again = write(&path, Existing::Refuse, b"new").unwrap_err();
            assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
            assert_eq!(fs::read(&path).unwrap(), b"old");
            write(&path, Existing::Replace, b"new").unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"new");
            assert_ne!(fs::metadata(&path).unwrap().ino(), before, "the new content is a new file");
            assert_eq!(names(directory), ["file"]);
        });
    }

    #[test]
    fn links_permissions_and_devices_stay() {
        by_both_doors(|directory, write| {
            let at = |name: &str| directory.join(name);
            write(&at("file"), Existing::Replace, b"old").unwrap();
            fs::set_permissions(at("file"), Permissions::from_mode(0o640)).unwrap();
            std::os::unix::fs::symlink("file", at("link")).unwrap();
            assert!(write(&at("link"), Existing::Refuse, b"through").is_err());
            write(&at("link"), Existing::Replace, b"through").unwrap();
            assert!(at("link").is_symlink());
            assert_eq!(fs::read(at("file")).unwrap(), b"through");
            assert_eq!(fs::metadata(at("file")).unwrap().mode() & 0o7777, 0o640);
            fs::hard_link(at("file"), at("other")).unwrap();
            write(&at("file"), Existing::Replace, b"both").unwrap();
            assert_eq!(fs::read(at("other")).unwrap(), b"both");
            std::os::unix::fs::symlink("made", at("dangling")).unwrap();
            write(&at("dangling"), Existing::Replace, b"made").unwrap();
            assert_eq!(fs::read(at("made")).unwrap(), b"made");
            write(Path::new("/dev/null"), Existing::Replace, b"gone").unwrap();
            assert!(!fs::metadata("/dev/null").unwrap().is_file());
            assert_eq!(names(directory), ["dangling", "file", "link", "made", "other"]);
        });
    }
}
