//! What a builtin may do to the world outside, so that a run can be refused some of it. See `design/capabilities.md`.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// What a permission can be narrowed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Narrowing {
    /// Nothing: it is given whole or not at all.
    Never,
    /// The files and directories at some paths, and all that is below them.
    Paths,
    /// Some variables.
    Names,
}

macro_rules! capabilities {
    ($($variant:ident $name:literal $flag:literal $narrowing:ident $documentation:literal;)*) => {
        /// What a builtin needs to be allowed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Capability {
            /// Nothing: it reads and changes only what the program was given, such as its output and its tasks.
            Nothing,
            $(#[doc = $documentation] $variant,)*
        }

        impl Capability {
            /// All that a run can be refused.
            pub const ALL: &[Capability] = &[$(Capability::$variant),*];

            /// Its name in messages; empty for [`Capability::Nothing`].
            pub const fn name(self) -> &'static str {
                match self {
                    Capability::Nothing => "",
                    $(Capability::$variant => $name,)*
                }
            }

            /// The flag of the command line that allows it; empty for [`Capability::Nothing`].
            pub const fn flag(self) -> &'static str {
                match self {
                    Capability::Nothing => "",
                    $(Capability::$variant => $flag,)*
                }
            }

            /// What the flag can be narrowed to.
            pub const fn narrowing(self) -> Narrowing {
                match self {
                    Capability::Nothing => Narrowing::Never,
                    $(Capability::$variant => Narrowing::$narrowing,)*
                }
            }

            /// What it is for, in a sentence.
            pub const fn documentation(self) -> &'static str {
                match self {
                    Capability::Nothing => "",
                    $(Capability::$variant => $documentation,)*
                }
            }
        }
    };
}

capabilities! {
    FilesystemRead "filesystem-read" "allow-fs-read" Paths "Read files, directories and paths, and import modules.";
    FilesystemWrite "filesystem-write" "allow-fs-write" Paths "Write files, make directories, change the current directory.";
    FilesystemDelete "filesystem-delete" "allow-fs-delete" Paths "Remove files and directories.";
    ProcessExec "process-exec" "allow-process-exec" Never "Run other programs, given as lists of arguments.";
    ShellExec "shell-exec" "allow-shell-exec" Never "Run commands through a shell.";
    EnvRead "env-read" "allow-env-read" Names "Read environment variables and the program's arguments.";
    EnvWrite "env-write" "allow-env-write" Never "Set environment variables.";
    NetClient "net-client" "allow-net-client" Never "Connect to other machines.";
    NetServer "net-server" "allow-net-server" Never "Serve other machines.";
    Database "database" "allow-database" Never "Use databases.";
    Clock "clock" "allow-clock" Never "Read a clock.";
    Random "random" "allow-random" Never "Make random values.";
}

impl fmt::Display for Capability {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// A flag that allows more than one capability, or none.
pub struct Group {
    /// The flag.
    pub flag: &'static str,
    /// What it allows.
    pub members: &'static [Capability],
    /// What it is for, in a sentence.
    pub documentation: &'static str,
}

/// The groups; the last is that of all.
pub const GROUPS: &[Group] = &[
    Group {
        flag: "untrusted",
        members: &[],
        documentation: "Deny what no flag below allows; each of them but --allow-all does so, too.",
    },
    Group {
        flag: "allow-net",
        members: &[Capability::NetClient, Capability::NetServer],
        documentation: "Connect to other machines and serve them.",
    },
    Group { flag: "allow-all", members: Capability::ALL, documentation: "Everything, as without any of these flags." },
];

/// What a permission has been narrowed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum List {
    /// Files and directories.
    Paths(Arc<Paths>),
    /// Variables.
    Names(Arc<[String]>),
}

/// Files and directories that may be used, each by its path from the root without links.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paths {
    /// They, and all that is below them.
    pub allowed: Vec<PathBuf>,
    /// Directories that lead to them by links, to pass through.
    pub ways: Vec<PathBuf>,
}

/// The capabilities a run has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permissions {
    allowed: u16,
    is_trusted: bool,
    lists: Vec<(Capability, List)>,
}

impl Default for Permissions {
    fn default() -> Permissions {
        Permissions::ALL
    }
}

impl Permissions {
    /// All.
    pub const ALL: Permissions = Permissions { allowed: u16::MAX, is_trusted: true, lists: Vec::new() };
    /// None.
    pub const NONE: Permissions =
        Permissions { allowed: 1 << Capability::Nothing as u16, is_trusted: false, lists: Vec::new() };

    /// These and one more, whole.
    #[must_use]
    pub fn with(mut self, capability: Capability) -> Permissions {
        self.allowed |= 1 << capability as u16;
        self.lists.retain(|(listed, _)| *listed != capability);
        self
    }

    /// These and one more, narrowed to a list.
    #[must_use]
    pub fn with_list(self, capability: Capability, list: List) -> Permissions {
        let mut more = self.with(capability);
        more.lists.push((capability, list));
        more
    }

    /// Whether a capability is among them, if only for something.
    #[inline]
    pub const fn allow(&self, capability: Capability) -> bool {
        self.allowed & 1 << capability as u16 != 0
    }

    /// Whether nothing is refused.
    pub fn is_trusted(&self) -> bool {
        self.is_trusted
    }

    /// What a capability among them has been narrowed to, if it is.
    pub fn list(&self, capability: Capability) -> Option<&List> {
        self.lists.iter().find(|(listed, _)| *listed == capability).map(|(_, list)| list)
    }

    /// Whether the variable `name` may be read.
    pub fn allow_name(&self, capability: Capability, name: &str) -> bool {
        match self.list(capability) {
            Some(List::Names(names)) => names.iter().any(|allowed| allowed == name),
            Some(List::Paths(_)) => false,
            None => self.allow(capability),
        }
    }

    /// Whether `name` may do what it needs.
    ///
    /// # Errors
    /// It may not.
    #[inline]
    pub fn demand(&self, capability: Capability, name: &'static str) -> Result<(), Denial> {
        if self.allow(capability) { Ok(()) } else { Err(Denial { capability, name, subject: None }) }
    }
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// What was needed.
    pub capability: Capability,
    /// The builtin that needed it.
    pub name: &'static str,
    /// The path or variable that is not on the list, as the program wrote it; none if the capability was not given at all.
    pub subject: Option<Box<str>>,
}

impl fmt::Display for Denial {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Denial { capability, name, .. } = self;
        write!(out, "Capability denied: {capability} required for {name}; rerun with --{}", capability.flag())
    }
}

impl Error for Denial {}

impl Denial {
    /// Whether that is what an error of the system is.
    pub fn is(error: &std::io::Error) -> bool {
        error.get_ref().is_some_and(|inner| inner.is::<Denial>())
    }
}
