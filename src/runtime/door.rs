//! The one door to the file system: what a builtin or an import does with a path goes through a [`Door`], which leads to the
//! [`Location`] where it does it.
//!
//! The door of a run that nothing is refused hands paths on as they are. Otherwise it walks: each part of the path is opened from the
//! directory before it, links are read and followed by the walk itself, never by the system, and the directory that the last part
//! is in stays open. What was looked at is therefore what is used: a file that is exchanged for a link after the check is refused by
//! the system, which may not follow one. The walk knows the path from the root without links, and that, part by part, is what is
//! compared with the list.
//!
//! An error outside the list is a denial, so that a program cannot learn what is there.

use super::capability::{Capability, Denial, List, Paths, Permissions};
use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::{Errno, retry_on_intr};
use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// More links than this in one path are an error, as for the system.
const MOST_LINKS: usize = 40;
/// Paths of so many bytes or more are an error, as for the system.
const TOO_LONG: usize = 4096;
/// Permissions of new files and directories, before the process's mask.
const NEW_FILE: Mode = Mode::from_raw_mode(0o666);
const NEW_DIRECTORY: Mode = Mode::from_raw_mode(0o777);
/// How directories are opened on the way. On Linux they need not be readable.
#[cfg(target_os = "linux")]
const STEP: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
#[cfg(not(target_os = "linux"))]
const STEP: OFlags = OFlags::DIRECTORY.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// What is done with a link at the end of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Last {
    /// It is followed.
    Follow,
    /// It is meant itself.
    Keep,
}

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mean {
    /// To read it.
    Read,
    /// To write over what is there.
    Update,
    /// To write at its end, or into a new file.
    Append,
    /// To write into what is there, emptied, or into a new file.
    Overwrite,
    /// To write into a new file, which is not there yet.
    Create,
    /// To lock it, if need be a new one.
    Lock,
}

impl Mean {
    fn flags(self) -> OFlags {
        match self {
            Mean::Read => OFlags::RDONLY,
            Mean::Update => OFlags::WRONLY,
            Mean::Append => OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE,
            Mean::Overwrite => OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC,
            Mean::Create => OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL,
            Mean::Lock => OFlags::WRONLY | OFlags::CREATE,
        }
    }
}

/// Where paths may lead.
#[derive(Clone, Debug)]
enum Reach {
    /// Anywhere.
    Free,
    /// Anywhere but to the processes' own files (`/proc`), which show arguments, environment and memory.
    Files,
    /// To these and what is below them.
    Listed(Arc<Paths>),
}

/// How a path stands to a reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Inside,
    /// A directory on the way to something inside.
    Above,
    Outside,
}

impl Reach {
    fn standing(&self, path: &Path) -> Standing {
        match self {
            Reach::Free | Reach::Files => Standing::Inside,
            Reach::Listed(list) if list.allowed.iter().any(|allowed| path.starts_with(allowed)) => Standing::Inside,
            Reach::Listed(list) => {
                let ways = list.allowed.iter().chain(&list.ways);
                if ways.into_iter().any(|way| way.starts_with(path)) { Standing::Above } else { Standing::Outside }
            }
        }
    }

    /// Whether a path among the processes' own files is on the list itself.
    fn names_processes(&self, path: &Path) -> bool {
        let names = |allowed: &PathBuf| allowed.starts_with("/proc") && path.starts_with(allowed);
        matches!(self, Reach::Listed(list) if list.allowed.iter().any(names))
    }
}

/// The way to files for one builtin, by one capability.
#[derive(Clone, Debug)]
pub struct Door {
    reach: Reach,
    capability: Capability,
    name: &'static str,
}

impl Door {
    /// The door that `permissions` open for the builtin `name`.
    ///
    /// # Errors
    /// They do not have the capability.
    pub fn of(permissions: &Permissions, capability: Capability, name: &'static str) -> Result<Door, Denial> {
        permissions.demand(capability, name)?;
        let reach = match permissions.list(capability) {
            _ if permissions.is_trusted() => Reach::Free,
            None => Reach::Files,
            Some(List::Paths(list)) => Reach::Listed(list.clone()),
            Some(List::Names(_)) => Reach::Listed(Arc::default()),
        };
        Ok(Door { reach, capability, name })
    }

    /// Where `path` leads.
    ///
    /// # Errors
    /// A [`Denial`] if that is not on the list, or what the system says.
    pub fn locate(&self, path: impl AsRef<Path>, last: Last) -> io::Result<Location> {
        let path = path.as_ref();
        if path.as_os_str().as_bytes().contains(&0) {
            let wrong = "file name contained an unexpected NUL byte";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, wrong));
        }
        match self.reach {
            Reach::Free => Ok(Location { directory: None, name: path.into(), real: None }),
            _ => Walk::start(self, path)?.go(last),
        }
    }

    /// Makes a directory and those above it that are missing. One that is there is no error.
    ///
    /// # Errors
    /// A [`Denial`], or what the system says.
    pub fn make_directories(&self, path: &str) -> io::Result<()> {
        let make = |path: &Path| {
            let location = self.locate(path, Last::Follow)?;
            match location.make_directory() {
                Err(_) if location.is_directory() => Ok(()),
                made => made,
            }
        };
        // Without the marks of a directory at the end.
        let paths: Vec<&Path> = Path::new(path).components().as_path().ancestors().collect();
        let mut missing = 0;
        while let Err(error) = make(paths[missing]) {
            let above = paths.get(missing + 1).is_some_and(|above| !above.as_os_str().is_empty());
            if error.kind() != io::ErrorKind::NotFound || !above {
                return Err(error);
            }
            missing += 1;
        }
        paths[..missing].iter().rev().try_for_each(|path| make(path))
    }

    fn denied(&self, path: &Path) -> io::Error {
        let subject = Some(path.to_string_lossy().into());
        let denial = Denial { capability: self.capability, name: self.name, subject };
        io::Error::new(io::ErrorKind::PermissionDenied, denial)
    }
}

/// Adds a path to a list: where it leads now, and the directories that it leads through. What is not there yet is a path as it is.
///
/// # Errors
/// What the system says, but that something is missing.
pub fn list(paths: &mut Paths, path: &str) -> io::Result<()> {
    let door = Door { reach: Reach::Free, capability: Capability::Nothing, name: "" };
    let mut walk = Walk::start(&door, Path::new(path))?;
    let allowed = match walk.go(Last::Follow) {
        Ok(location) => location.real,
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let without_links = || {
        let mut path = walk.real.clone();
        for part in walk.rest.iter().rev().filter(|part| *part != ".") {
            match part == ".." {
                true => _ = path.pop(),
                false => path.push(part),
            }
        }
        path
    };
    paths.allowed.push(allowed.unwrap_or_else(without_links));
    paths.ways.append(&mut walk.entered);
    Ok(())
}

/// A path being followed, part by part.
struct Walk<'d> {
    door: &'d Door,
    written: &'d Path,
    /// The directories from the root to where the walk is.
    directories: Vec<OwnedFd>,
    /// Their path, without links.
    real: PathBuf,
    /// The parts to come, the next one last.
    rest: Vec<OsString>,
    links: usize,
    /// The directories it has been in.
    entered: Vec<PathBuf>,
}

impl<'d> Walk<'d> {
    fn start(door: &'d Door, path: &'d Path) -> io::Result<Walk<'d>> {
        match path.as_os_str().len() {
            0 => return Err(Errno::NOENT.into()),
            TOO_LONG.. => return Err(Errno::NAMETOOLONG.into()),
            _ => {}
        }
        let root = retry_on_intr(|| rustix::fs::open("/", STEP, Mode::empty()))?;
        let (real, links, rest, entered) = (PathBuf::from("/"), 0, Vec::new(), Vec::new());
        let mut walk = Walk { door, written: path, directories: vec![root], real, rest, links, entered };
        walk.append(path.as_os_str().as_bytes());
        if !path.is_absolute() {
            // The system gives the current directory without links; on the way there all the same rules hold.
            walk.append(std::env::current_dir()?.as_os_str().as_bytes());
        }
        Ok(walk)
    }

    /// The parts of `path` come next. What ends in a slash is a directory, like what has a dot after it.
    fn append(&mut self, path: &[u8]) {
        if path.ends_with(b"/") {
            self.rest.push(".".into());
        }
        let parts = path.split(|&byte| byte == b'/').filter(|part| !part.is_empty());
        self.rest.extend(parts.rev().map(|part| OsStr::from_bytes(part).to_owned()));
    }

    fn here(&self) -> BorrowedFd<'_> {
        // The root stays.
        self.directories[self.directories.len() - 1].as_fd()
    }

    fn go(&mut self, last: Last) -> io::Result<Location> {
        while let Some(part) = self.rest.pop() {
            if part == "." {
                continue;
            }
            if part == ".." {
                if self.directories.len() > 1 {
                    self.directories.pop();
                    self.real.pop();
                }
                continue;
            }
            let path = self.real.join(&part);
            let is_directory = self.rest.iter().all(|part| part == ".") && !self.rest.is_empty();
            let is_last = self.rest.is_empty() || is_directory && last == Last::Keep;
            if is_last && last == Last::Keep {
                return self.arrive_kept(path, part, is_directory);
            }
            let found = rustix::fs::statat(self.here(), &part, AtFlags::SYMLINK_NOFOLLOW);
            match found.map(|stat| FileType::from_raw_mode(stat.st_mode)) {
                Ok(FileType::Symlink) => self.follow(&part).map_err(|error| self.failed(&path, error))?,
                Ok(FileType::Directory) => {
                    if self.door.reach.standing(&path) == Standing::Outside {
                        return Err(self.door.denied(self.written));
                    }
                    let opened = retry_on_intr(|| rustix::fs::openat(self.here(), &part, STEP, Mode::empty()));
                    self.directories.push(opened.map_err(|error| self.failed(&path, error.into()))?);
                    self.entered.push(path.clone());
                    self.real = path;
                }
                Ok(_) if !is_last => return Err(self.failed(&path, Errno::NOTDIR.into())),
                Err(error) if !is_last || error != Errno::NOENT => {
                    self.rest.push(part);
                    return Err(self.failed(&path, error.into()));
                }
                _ => return self.arrive(path, part),
            }
        }
        let path = self.real.clone();
        self.arrive(path, ".".into())
    }

    /// Goes on with what the link `part` says.
    fn follow(&mut self, part: &OsStr) -> io::Result<()> {
        self.links += 1;
        if self.links > MOST_LINKS {
            return Err(Errno::LOOP.into());
        }
        let target = rustix::fs::readlinkat(self.here(), part, Vec::new())?.into_bytes();
        if target.starts_with(b"/") {
            self.directories.truncate(1);
            self.real = PathBuf::from("/");
        }
        // A dot that is left over asks for a directory; in the middle it means nothing.
        self.append(&target);
        Ok(())
    }

    /// The walk cannot go on because of what is at `path`.
    fn failed(&self, path: &Path, error: io::Error) -> io::Error {
        match self.door.reach.standing(path) {
            Standing::Inside => error,
            Standing::Above | Standing::Outside => self.door.denied(self.written),
        }
    }

    /// The name `part` itself, whatever it is.
    fn arrive_kept(&mut self, path: PathBuf, part: OsString, is_directory: bool) -> io::Result<Location> {
        let location = self.arrive(path, part)?;
        match is_directory && location.link_status().is_ok() && !location.is_directory() {
            true => Err(Errno::NOTDIR.into()),
            false => Ok(location),
        }
    }

    /// The walk has come to `path`: `part` in the directory where it is.
    fn arrive(&mut self, path: PathBuf, part: OsString) -> io::Result<Location> {
        let is_inside = self.door.reach.standing(&path) == Standing::Inside;
        let is_free = matches!(self.door.reach, Reach::Free) || self.door.reach.names_processes(&path);
        if !is_inside || !is_free && shows_processes(self.here()) {
            return Err(self.door.denied(self.written));
        }
        let directory = self.directories.pop().map(Arc::new);
        Ok(Location { directory, name: part.into(), real: Some(path) })
    }
}

/// Whether a directory is one of the processes' own files.
fn shows_processes(directory: BorrowedFd<'_>) -> bool {
    #[cfg(target_os = "linux")]
    return rustix::fs::fstatfs(directory).map_or(true, |found| found.f_type == rustix::fs::PROC_SUPER_MAGIC);
    #[cfg(not(target_os = "linux"))]
    {
        let _ = directory;
        false
    }
}

/// A name in a directory that is open, or a path as it is; nothing need be there.
#[derive(Clone, Debug)]
pub struct Location {
    /// Where the name is. Without it the name is a path for the system to follow.
    directory: Option<Arc<OwnedFd>>,
    name: PathBuf,
    real: Option<PathBuf>,
}

impl Location {
    fn at(&self) -> BorrowedFd<'_> {
        self.directory.as_ref().map_or(CWD, |directory| directory.as_fd())
    }

    /// The system follows no link that the walk has not seen.
    fn no_link(&self) -> OFlags {
        if self.directory.is_some() { OFlags::NOFOLLOW } else { OFlags::empty() }
    }

    /// Opens the file.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(&self, mean: Mean) -> io::Result<File> {
        let flags = mean.flags() | OFlags::CLOEXEC | self.no_link();
        Ok(retry_on_intr(|| rustix::fs::openat(self.at(), &self.name, flags, NEW_FILE))?.into())
    }

    /// What is there, links followed.
    ///
    /// # Errors
    /// What the system says; nothing may be there.
    pub fn status(&self) -> io::Result<Stat> {
        let flags = if self.directory.is_some() { AtFlags::SYMLINK_NOFOLLOW } else { AtFlags::empty() };
        Ok(rustix::fs::statat(self.at(), &self.name, flags)?)
    }

    /// What is there; of a link the link.
    ///
    /// # Errors
    /// What the system says; nothing may be there.
    pub fn link_status(&self) -> io::Result<Stat> {
        Ok(rustix::fs::statat(self.at(), &self.name, AtFlags::SYMLINK_NOFOLLOW)?)
    }

    /// What is there, with all its times.
    ///
    /// # Errors
    /// What the system says; nothing may be there.
    pub fn metadata(&self) -> io::Result<Metadata> {
        match &self.directory {
            None => std::fs::metadata(&self.name),
            #[cfg(target_os = "linux")]
            Some(_) => {
                let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                File::from(rustix::fs::openat(self.at(), &self.name, flags, Mode::empty())?).metadata()
            }
            #[cfg(not(target_os = "linux"))]
            Some(_) => self.open(Mean::Read)?.metadata(),
        }
    }

    /// Whether there is a directory, links followed.
    pub fn is_directory(&self) -> bool {
        self.status().is_ok_and(|status| FileType::from_raw_mode(status.st_mode) == FileType::Directory)
    }

    /// Whether there is an ordinary file, links followed.
    pub fn is_file(&self) -> bool {
        self.status().is_ok_and(|status| FileType::from_raw_mode(status.st_mode) == FileType::RegularFile)
    }

    /// The path from the root, without links, of what is there.
    ///
    /// # Errors
    /// What the system says; nothing may be there.
    pub fn real(&self) -> io::Result<PathBuf> {
        match &self.real {
            None => self.name.canonicalize(),
            Some(real) => self.link_status().map(|_| real.clone()),
        }
    }

    /// The same place without links on the way to it: what is there, not a name for it.
    ///
    /// # Errors
    /// What the system says; nothing may be there.
    pub fn settled(&self) -> io::Result<Location> {
        match self.directory {
            None => Ok(Location { name: self.name.canonicalize()?, ..self.clone() }),
            Some(_) => Ok(self.clone()),
        }
    }

    /// Whether it may be a file: its path does not end in a directory.
    pub fn names_a_file(&self) -> bool {
        self.name.file_name().is_some() && !self.name.as_os_str().as_bytes().ends_with(b"/")
    }

    /// The place of another name in the same directory.
    pub fn sibling(&self, name: &str) -> Location {
        let real = self.real.as_ref().map(|real| real.with_file_name(name));
        Location { directory: self.directory.clone(), name: self.name.with_file_name(name), real }
    }

    /// The names in the directory.
    ///
    /// # Errors
    /// What the system says.
    pub fn names(&self) -> io::Result<Vec<OsString>> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | self.no_link();
        let directory = retry_on_intr(|| rustix::fs::openat(self.at(), &self.name, flags, Mode::empty()))?;
        let mut names = Vec::new();
        for entry in Dir::new(directory)? {
            let name = entry?.file_name().to_bytes().to_vec();
            if name != b"." && name != b".." {
                names.push(OsString::from_vec(name));
            }
        }
        Ok(names)
    }

    /// Makes a directory.
    ///
    /// # Errors
    /// What the system says.
    pub fn make_directory(&self) -> io::Result<()> {
        Ok(rustix::fs::mkdirat(self.at(), &self.name, NEW_DIRECTORY)?)
    }

    /// Removes a file.
    ///
    /// # Errors
    /// What the system says.
    pub fn remove_file(&self) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(self.at(), &self.name, AtFlags::empty())?)
    }

    /// Removes an empty directory.
    ///
    /// # Errors
    /// What the system says.
    pub fn remove_directory(&self) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(self.at(), &self.name, AtFlags::REMOVEDIR)?)
    }

    /// Gives what is here another place, over what is there.
    ///
    /// # Errors
    /// What the system says.
    pub fn rename(&self, to: &Location) -> io::Result<()> {
        Ok(rustix::fs::renameat(self.at(), &self.name, to.at(), &to.name)?)
    }

    /// Gives the file another name, which must be free.
    ///
    /// # Errors
    /// What the system says.
    pub fn link(&self, to: &Location) -> io::Result<()> {
        Ok(rustix::fs::linkat(self.at(), &self.name, to.at(), &to.name, AtFlags::empty())?)
    }

    /// Makes the directory the current one of the process.
    ///
    /// # Errors
    /// What the system says.
    pub fn enter(&self) -> io::Result<()> {
        match self.directory {
            None => std::env::set_current_dir(&self.name),
            Some(_) => {
                let directory = retry_on_intr(|| rustix::fs::openat(self.at(), &self.name, STEP, Mode::empty()))?;
                Ok(rustix::process::fchdir(directory)?)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::Read;
    use std::os::unix::fs::symlink;

    /// A directory with `inside/file`, `inside/deep/file` and `outside/secret`, and a door to what is inside.
    fn house() -> (tempfile::TempDir, PathBuf, Door) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().canonicalize().unwrap();
        fs::create_dir_all(path.join("inside/deep")).unwrap();
        fs::create_dir(path.join("outside")).unwrap();
        for (name, text) in [("inside/file", "mine"), ("inside/deep/file", "mine"), ("outside/file", "secret")] {
            fs::write(path.join(name), text).unwrap();
        }
        let door = door_to(&[path.join("inside").to_str().unwrap()]);
        (directory, path, door)
    }

    fn door_to(list: &[&str]) -> Door {
        let mut paths = Paths::default();
        list.iter().for_each(|path| super::list(&mut paths, path).unwrap());
        let permissions = Permissions::NONE.with_list(Capability::FilesystemRead, List::Paths(Arc::new(paths)));
        Door::of(&permissions, Capability::FilesystemRead, "test").unwrap()
    }

    fn locate(door: &Door, path: &Path) -> io::Result<Location> {
        door.locate(path, Last::Follow)
    }

    fn content(location: &Location) -> io::Result<String> {
        let mut text = String::new();
        location.open(Mean::Read)?.read_to_string(&mut text)?;
        Ok(text)
    }

    /// Between the walk and the use of where it has come to, files and directories become links.
    #[test]
    fn what_was_looked_at_is_what_is_used() {
        let (_keep, path, door) = house();
        let file = locate(&door, &path.join("inside/file")).unwrap();
        let missing = locate(&door, &path.join("inside/new")).unwrap();
        let deep = locate(&door, &path.join("inside/deep/file")).unwrap();
        let directory = locate(&door, &path.join("inside/deep")).unwrap();
        assert_eq!(content(&file).unwrap(), "mine");

        fs::remove_file(path.join("inside/file")).unwrap();
        symlink("../outside/file", path.join("inside/file")).unwrap();
        symlink("../outside/new", path.join("inside/new")).unwrap();
        fs::rename(path.join("inside/deep"), path.join("inside/away")).unwrap();
        symlink("../outside", path.join("inside/deep")).unwrap();

        for mean in [Mean::Read, Mean::Update, Mean::Append, Mean::Overwrite, Mean::Create, Mean::Lock] {
            assert!(file.open(mean).is_err(), "{mean:?}");
            assert!(missing.open(mean).is_err(), "{mean:?}");
        }
        assert!(file.names().is_err() && file.enter().is_err());
        assert_eq!(FileType::from_raw_mode(file.status().unwrap().st_mode), FileType::Symlink);
        assert!(file.metadata().unwrap().is_symlink());
        assert_eq!(content(&deep).unwrap(), "mine");
        assert_eq!(directory.names().unwrap(), ["file"]);
        assert!(locate(&door, &path.join("inside/deep/file")).is_err());
        assert_eq!(fs::read_to_string(path.join("outside/file")).unwrap(), "secret");
        assert!(!path.join("outside/new").exists());
    }

    #[test]
    fn only_what_is_listed_is_reached() {
        let (_keep, path, door) = house();
        fs::create_dir(path.join("inside-too")).unwrap();
        fs::write(path.join("inside-too/file"), "secret").unwrap();
        symlink("loop", path.join("inside/loop")).unwrap();
        symlink("deep/", path.join("inside/slash")).unwrap();
        symlink("file/", path.join("inside/no_directory")).unwrap();
        for (name, expected) in [
            ("inside/file", Ok("mine")),
            ("inside/./deep/../file", Ok("mine")),
            ("inside/slash/file", Ok("mine")),
            ("inside/none", Err(io::ErrorKind::NotFound)),
            ("inside/none/../../outside/file", Err(io::ErrorKind::NotFound)),
            ("inside/file/x", Err(io::ErrorKind::NotADirectory)),
            ("inside/file/", Err(io::ErrorKind::NotADirectory)),
            ("inside/file/.", Err(io::ErrorKind::NotADirectory)),
            ("inside/no_directory", Err(io::ErrorKind::NotADirectory)),
        ] {
            let got = locate(&door, &path.join(name)).and_then(|location| content(&location));
            assert_eq!(got.as_deref().map_err(io::Error::kind), expected, "{name}");
        }
        let looped = locate(&door, &path.join("inside/loop")).unwrap_err();
        assert_eq!(looped.raw_os_error(), Some(Errno::LOOP.raw_os_error()));
        for name in ["", "outside", "outside/file", "outside/none", "inside-too/file", "inside/..", "inside/../none/x"]
        {
            let error = locate(&door, &path.join(name)).unwrap_err();
            assert!(Denial::is(&error), "{name}: {error}");
        }
    }

    /// A list leads where its paths led when it was made, and by the same links.
    #[test]
    fn the_way_that_was_listed_may_be_gone() {
        let (_keep, path, _) = house();
        fs::create_dir_all(path.join("links/more")).unwrap();
        symlink("../hop", path.join("links/way")).unwrap();
        symlink("links/more/last", path.join("hop")).unwrap();
        symlink("../../inside", path.join("links/more/last")).unwrap();
        let way = path.join("links/way/deep");
        let door = door_to(&[way.to_str().unwrap(), path.join("later/../later/still").to_str().unwrap()]);
        assert_eq!(content(&locate(&door, &way.join("file")).unwrap()).unwrap(), "mine");
        assert_eq!(content(&locate(&door, &path.join("inside/deep/file")).unwrap()).unwrap(), "mine");
        assert!(Denial::is(&locate(&door, &path.join("inside/file")).unwrap_err()));
        assert!(Denial::is(&locate(&door, &path.join("links/none")).unwrap_err()));
        fs::create_dir(path.join("later")).unwrap();
        assert!(locate(&door, &path.join("later/still")).is_ok());
        // What the way has become does not matter: its path is what was listed.
        fs::remove_file(path.join("hop")).unwrap();
        symlink("outside", path.join("hop")).unwrap();
        fs::create_dir(path.join("outside/deep")).unwrap();
        assert!(Denial::is(&locate(&door, &way.join("file")).unwrap_err()));
    }
}
