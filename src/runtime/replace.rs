//! Files written so that a crash leaves the old content or the new: the content goes into a file beside them, which takes their
//! place when it is on the disk.
//!
//! What is no ordinary file (a device, a pipe) is written as it is, and so is a file that has other names or another owner, which
//! taking its place would cut off, and one in a directory where none may be made. A symbolic link stays: what it leads to is replaced.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
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
    path: &Path,
    existing: Existing,
    write: impl FnOnce(&mut File) -> Result<(), E>,
) -> Result<(), E> {
    let there = match fs::symlink_metadata(path) {
        Ok(_) if existing == Existing::Refuse => return Err(io::Error::from(io::ErrorKind::AlreadyExists).into()),
        Ok(_) => fs::metadata(path).ok(),
        Err(_) => None,
    };
    let mut in_place = OpenOptions::new();
    in_place.write(true).create(true).truncate(true);
    let is_dangling = there.is_none() && path.is_symlink();
    // What names no file is for the system to refuse.
    let is_nameless = path.file_name().is_none() || path.as_os_str().as_encoded_bytes().ends_with(b"/");
    if is_nameless || is_dangling || there.as_ref().is_some_and(|there| !is_replaceable(there)) {
        return write(&mut in_place.open(path)?);
    }
    let target = if there.is_some() { fs::canonicalize(path)? } else { path.to_path_buf() };
    let (draft, mut file) = match draft_beside(&target) {
        Ok(made) => made,
        Err(error) if is_refused(&error) && existing == Existing::Replace => return write(&mut in_place.open(path)?),
        Err(error) => return Err(error.into()),
    };
    let placed = write(&mut file).and_then(|()| {
        if let Some(there) = &there {
            file.set_permissions(fs::Permissions::from_mode(there.mode() & 0o7777))?;
        }
        file.sync_all()?;
        place(&draft, &target, existing)?;
        Ok(())
    });
    if placed.is_err() || existing == Existing::Refuse {
        // A linked draft has two names.
        let _ = fs::remove_file(&draft);
    }
    placed
}

/// Writes the file at `path` with this content.
///
/// # Errors
/// As [`write`].
pub fn write_bytes(path: &Path, existing: Existing, content: &[u8]) -> io::Result<()> {
    write(path, existing, |file| io::Write::write_all(file, content))
}

fn is_replaceable(there: &Metadata) -> bool {
    there.is_file() && there.nlink() == 1 && there.uid() == rustix::process::geteuid().as_raw()
}

/// Whether the system allows no new file there.
fn is_refused(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}

/// A new file beside `target`, whose name nobody has.
fn draft_beside(target: &Path) -> io::Result<(PathBuf, File)> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        // Not made from the file's name, which may be as long as names can be.
        let draft = target.with_file_name(format!(".ruff-{}-{number}.tmp", std::process::id()));
        match OpenOptions::new().write(true).create_new(true).open(&draft) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map(|file| (draft, file)),
        }
    }
}

/// Gives the draft the name of the target.
fn place(draft: &Path, target: &Path, existing: Existing) -> io::Result<()> {
    match existing {
        Existing::Replace => fs::rename(draft, target),
        // A link is never made over a file, as a new name would be.
        Existing::Refuse => match fs::hard_link(draft, target) {
            Err(error) if matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied) => {
                // Without links, an empty file of ours keeps the name free.
                OpenOptions::new().write(true).create_new(true).open(target)?;
                fs::rename(draft, target)
            }
            linked => linked,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        write_bytes(&path, Existing::Refuse, b"old").unwrap();
        let before = fs::metadata(&path).unwrap().ino();
        let failed: io::Result<()> = write(&path, Existing::Replace, |file| {
            io::Write::write_all(file, b"half")?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert!(failed.is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        let again = write_bytes(&path, Existing::Refuse, b"new").unwrap_err();
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        write_bytes(&path, Existing::Replace, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_ne!(fs::metadata(&path).unwrap().ino(), before, "the new content is a new file");
        assert_eq!(names(directory.path()), ["file"]);
    }

    #[test]
    fn links_permissions_and_devices_stay() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        write_bytes(&at("file"), Existing::Replace, b"old").unwrap();
        fs::set_permissions(at("file"), fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink("file", at("link")).unwrap();
        write_bytes(&at("link"), Existing::Replace, b"through").unwrap();
        assert!(at("link").is_symlink());
        assert_eq!(fs::read(at("file")).unwrap(), b"through");
        assert_eq!(fs::metadata(at("file")).unwrap().mode() & 0o7777, 0o640);
        fs::hard_link(at("file"), at("other")).unwrap();
        write_bytes(&at("file"), Existing::Replace, b"both").unwrap();
        assert_eq!(fs::read(at("other")).unwrap(), b"both");
        std::os::unix::fs::symlink("made", at("dangling")).unwrap();
        write_bytes(&at("dangling"), Existing::Replace, b"made").unwrap();
        assert_eq!(fs::read(at("made")).unwrap(), b"made");
        write_bytes(Path::new("/dev/null"), Existing::Replace, b"gone").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
        assert_eq!(names(directory.path()), ["dangling", "file", "link", "made", "other"]);
    }
}
