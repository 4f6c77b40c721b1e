//! Passes: IR to IR, each in its file, each optional, in any order. THE pass table is here; names, levels, help, timers and
//! the command line's flags derive from it.
//!
//! A pass keeps what the program does: the order of effects and of errors, the spans of what may raise. It works on one function, or
//! on a module ([`Run`]), without native recursion, in near-linear time, takes [`fuel`] for each rewrite, and returns how many changes it made.

pub mod manager;

mod const_fold;
mod copy_prop;
mod dce;
pub mod fuel;
mod global_constants;
mod jump_threading;
mod params;
#[cfg(test)]
mod preserve_tests;
mod simplify_cfg;
mod substitution;
mod type_infer;

use crate::ir::entities::FuncRef;
use crate::ir::function::{Function, Module};
use fuel::Fuel;

/// How much the compiler optimises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// No pass.
    O0,
    /// The passes that shrink the code.
    O1,
    /// Every pass.
    #[default]
    O2,
}

impl Level {
    /// Every level, in order.
    pub const ALL: &'static [Level] = &[Level::O0, Level::O1, Level::O2];

    /// How it is written: `O2`.
    pub fn name(self) -> &'static str {
        match self {
            Level::O0 => "O0",
            Level::O1 => "O1",
            Level::O2 => "O2",
        }
    }

    /// The passes of this level, in the order they run; some run again after others have made work for them.
    pub fn pipeline(self) -> &'static [Pass] {
        use Pass::*;
        match self {
            Level::O0 => &[],
            Level::O1 => &[SimplifyCfg, CopyProp, ConstFold, Dce, SimplifyCfg],
            Level::O2 => &[
                GlobalConstants,
                SimplifyCfg,
                CopyProp,
                TypeInfer,
                ConstFold,
                GlobalConstants,
                JumpThreading,
                SimplifyCfg,
                CopyProp,
                TypeInfer,
                ConstFold,
                Dce,
                SimplifyCfg,
            ],
        }
    }
}

/// One row of the pass table.
#[derive(Clone, Copy, Debug)]
pub struct PassInfo {
    /// The name on the command line.
    pub name: &'static str,
    /// The lowest level that runs it.
    pub level: Level,
    /// What it does, in a line.
    pub summary: &'static str,
    /// What it looks at, and what a run leaves for the next.
    pub habit: Habit,
    /// Runs it as far as the fuel goes.
    pub run: Run,
}

/// The functions that a module pass has changed, with the number of changes in each.
pub type Changes = Vec<(FuncRef, usize)>;

/// Which functions a module pass may change.
pub type Wanted<'a> = &'a dyn Fn(&Function) -> bool;

/// How a pass is run.
#[derive(Clone, Copy, Debug)]
pub enum Run {
    /// On one function; the number of changes it made.
    Function(fn(&mut Function, &mut Fuel) -> usize),
    /// On a module, changing functions that are wanted only; the number of changes it made in each of those it changed.
    Module(fn(&mut Module, &mut Fuel, Wanted<'_>) -> Changes),
}

/// When a pass need not run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    /// It looks at everything, and a run may leave work for the next.
    Any,
    /// As `Any`, but it does not look at types.
    Untyped,
    /// It does not look at types, and a run leaves nothing for the next.
    UntypedOnce,
    /// It replaces types and changes nothing else; what it finds does not depend on the types before.
    Types,
}

macro_rules! passes {
    ($(#[doc = $summary:literal] $pass:ident $name:literal $level:ident $habit:ident $unit:ident $run:path;)*) => {
        /// A pass: an index into the table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Pass { $(#[doc = $summary] $pass),* }

        impl Pass {
            /// Every pass, in table order.
            pub const ALL: &'static [Pass] = &[$(Pass::$pass),*];
        }

        static TABLE: &[PassInfo] =
            &[$(PassInfo {
                name: $name,
                level: Level::$level,
                summary: $summary.trim_ascii(),
                habit: Habit::$habit,
                run: Run::$unit($run),
            }),*];
    };
}

passes! {
    /// Replaces reads of globals that get one constant, before anything is called, by the constant.
    GlobalConstants "global-constants" O2 UntypedOnce Module global_constants::run;
    /// Drops unreachable blocks, joins straight-line ones, skips empty ones, decides branches on constants.
    SimplifyCfg "simplify-cfg" O1 Untyped Function simplify_cfg::run;
    /// Replaces copies: parameters that always get one value, and constants computed before.
    CopyProp "copy-prop" O1 UntypedOnce Function copy_prop::run;
    /// Computes at compile time what cannot raise, and decides branches whose condition is known.
    ConstFold "const-fold" O1 Any Function const_fold::run;
    /// Sends a path whose outcome of a test is known past the test.
    JumpThreading "jump-threading" O2 Any Function jump_threading::run;
    /// Removes what nothing needs: results, parameters, exceptional edges.
    Dce "dce" O1 Any Function dce::run;
    /// Narrows the types of values by what is computed from what.
    TypeInfer "type-infer" O2 Types Function type_infer::run;
}

impl Pass {
    /// The row of this pass.
    pub fn info(self) -> &'static PassInfo {
        &TABLE[self as usize]
    }

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        self.info().name
    }

    /// The pass of this name.
    ///
    /// # Errors
    /// There is none.
    pub fn from_name(name: &str) -> Result<Pass, UnknownPass> {
        Pass::ALL.iter().copied().find(|pass| pass.name() == name).ok_or_else(|| UnknownPass::new(name))
    }
}

/// A name no pass has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownPass {
    /// The name.
    pub name: String,
    /// The pass whose name is most like it, if one is like it at all.
    pub nearest: Option<Pass>,
}

impl UnknownPass {
    fn new(name: &str) -> UnknownPass {
        let likeness = |pass: &Pass| strsim::normalized_damerau_levenshtein(name, pass.name());
        let nearest = Pass::ALL.iter().copied().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        UnknownPass { name: name.into(), nearest: nearest.filter(|pass| likeness(pass) > 0.5) }
    }
}

impl std::fmt::Display for UnknownPass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "unknown pass `{}`", self.name)?;
        match self.nearest {
            Some(pass) => write!(f, "; did you mean `{}`?", pass.name()),
            None => Ok(()),
        }
    }
}

impl std::error::Error for UnknownPass {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_runs_the_passes_of_its_row_and_below() {
        for &level in Level::ALL {
            for &pass in Pass::ALL {
                assert_eq!(level.pipeline().contains(&pass), pass.info().level <= level, "{pass:?} at {level:?}");
            }
        }
    }

    #[test]
    fn an_unknown_name_suggests_the_nearest() {
        assert_eq!(Pass::from_name("dce"), Ok(Pass::Dce));
        assert_eq!(Pass::from_name("const-flod").unwrap_err().nearest, Some(Pass::ConstFold));
        assert_eq!(Pass::from_name("zzz").unwrap_err().nearest, None);
    }
}
