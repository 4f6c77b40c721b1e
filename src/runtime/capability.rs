//! What a builtin may do to the world outside, so that a run can be refused some of it.

use std::fmt;

macro_rules! capabilities {
    ($($variant:ident $name:literal $flag:literal $documentation:literal;)*) => {
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
        }
    };
}

capabilities! {
    FilesystemRead "filesystem-read" "allow-fs-read" "Read files, directories and paths.";
    FilesystemWrite "filesystem-write" "allow-fs-write" "Write files, make directories, change the current directory.";
    FilesystemDelete "filesystem-delete" "allow-fs-delete" "Remove files and directories.";
    ProcessExec "process-exec" "allow-process-exec" "Run other programs, given as lists of arguments.";
    ShellExec "shell-exec" "allow-shell-exec" "Run commands through a shell.";
    EnvRead "env-read" "allow-env-read" "Read environment variables and the program's arguments.";
    EnvWrite "env-write" "allow-env-write" "Set environment variables.";
    Clock "clock" "allow-clock" "Read a clock.";
    Random "random" "allow-random" "Make random values.";
}

impl fmt::Display for Capability {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// The capabilities a run has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permissions(u16);

impl Permissions {
    /// All.
    pub const ALL: Permissions = Permissions(u16::MAX);
    /// None.
    pub const NONE: Permissions = Permissions(1 << Capability::Nothing as u16);

    /// These and one more.
    #[must_use]
    pub const fn with(self, capability: Capability) -> Permissions {
        Permissions(self.0 | 1 << capability as u16)
    }

    /// Whether a capability is among them.
    pub const fn allow(self, capability: Capability) -> bool {
        self.0 & 1 << capability as u16 != 0
    }
}
