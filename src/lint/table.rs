//! THE table of lints: code, title, default level, explanation. The command line's flags, `ruff check --explain`, the comments
//! `# allow: CODE` and the design pages derive from the row.

use std::fmt;

/// What is done with what a lint finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    /// Nothing.
    Allow,
    /// It is said.
    Warn,
    /// It is said, and the check fails.
    Deny,
}

impl Level {
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Level::Allow => "allow",
            Level::Warn => "warn",
            Level::Deny => "deny",
        }
    }
}

macro_rules! lints {
    ($($lint:ident $code:literal $level:ident $title:literal $explanation:literal;)*) => {
        /// What a check looks for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Lint { $(#[doc = $title] $lint),* }

        impl Lint {
            /// Every lint, in table order.
            pub const ALL: &'static [Lint] = &[$(Lint::$lint),*];

            /// Its stable name.
            pub const fn code(self) -> &'static str {
                match self { $(Lint::$lint => $code),* }
            }

            /// What it finds, in a phrase.
            pub const fn title(self) -> &'static str {
                match self { $(Lint::$lint => $title),* }
            }

            /// What is done with it unless something else is asked for.
            pub const fn level(self) -> Level {
                match self { $(Lint::$lint => Level::$level),* }
            }

            /// Why it matters, and when it is silent.
            pub const fn explanation(self) -> &'static str {
                match self { $(Lint::$lint => $explanation),* }
            }
        }
    };
}

lints! {
    UndefinedName "undefined-name" Warn "a name that has no value on any path"
        "Whenever this runs it raises `Undefined variable`. The name is misspelt, or defined later, or only in a scope that has ended.";
    UnknownImport "unknown-import" Warn "an import of a module or name that does not exist"
        "Whenever this runs it raises. Modules are looked for beside the importing file, in the current directory and in `modules`.";
    ArgumentCount "argument-count" Warn "a call with too few or too many arguments"
        "Functions, methods and builtins check the number of their arguments: whenever this runs it raises.";
    UnknownStruct "unknown-struct" Warn "a literal of a struct that is not declared"
        "Such a literal makes a struct without methods and defaults. Declare the struct, or correct its name.";
    UnknownField "unknown-field" Warn "a field that its struct does not declare"
        "Reading a field that is absent raises; writing or giving one that is misspelt leaves the right one as it was. Silent for `x?.field`, where some statement gives a struct that field, and for structs that declare none.";
    UnknownMethod "unknown-method" Warn "a method that nothing has"
        "No struct of the program declares it, nothing holds a function of that name, and no builtin is called so: whenever this runs it raises.";
    UnknownVariant "unknown-variant" Warn "a variant that its enum does not declare"
        "The language does not compare `A::B` with the declaration of `A`: a misspelt variant is a value that nothing matches.";
    DuplicateField "duplicate-field" Warn "a field that is named twice"
        "Of equal fields of a struct or a struct literal the last one counts.";
    DuplicateKey "duplicate-key" Warn "a key that stands twice in a dictionary"
        "Of equal keys of a literal the last value counts; `1` and `\"1\"` are the same key.";
    DuplicateCase "duplicate-case" Warn "a case that an earlier one has taken"
        "The first case that matches runs. `case red` and `case \"red\"` are the same.";
    DuplicateFunction "duplicate-function" Warn "a function, struct, method or variant that is declared twice"
        "The later declaration replaces the earlier one.";
    UnusedResult "unused-result" Warn "a call whose only effect is its result, which is dropped"
        "No builtin changes its argument, and no method its receiver: `push(a, x)` and `p.moved(1)` give the changed copy. Write `a := push(a, x)`. Silent in a `try` body, where the call may be made to see whether it raises.";
    UnusedValue "unused-value" Warn "a value that is computed and dropped"
        "A comparison, a name or a text alone does nothing: `==` was meant as `:=`, a call lacks its parentheses, or a function lacks its `return`.";
    CaseName "case-name" Warn "`case name` where a variable of that name is visible"
        "A bare word in a pattern is a text: `case red` matches `\"red\"` and does not look at the variable. Compare with `if`, or write the text between quotes.";
    SlashComment "slash-comment" Warn "a comment that looks like a divisor"
        "`//` starts a comment: `7 // 2` is 7. Division of integers is `/`.";
    UnreachableCode "unreachable-code" Warn "code that nothing leads to"
        "It stands after a `return`, `break`, `continue`, `throw`, an `exit()`, an endless loop, or a case that matches everything.";
    UnusedVariable "unused-variable" Warn "a variable that is never read"
        "Silent for names that start with `_`, for exported names, and for the variables of `for` and `except`.";
    UnusedParameter "unused-parameter" Warn "a parameter that is never read"
        "Silent for names that start with `_`, and where others decide about the parameters: function expressions, functions used as values, operators and methods that several structs have; also in functions that do nothing.";
    UnusedImport "unused-import" Warn "an import that nothing uses"
        "Silent for `import m` where the top level of the module does something.";
    LateGlobal "late-global" Warn "an assignment in a function to a global that is declared later"
        "It looks like a new local variable, but changes the global once that has a value. Write `mut` or `let` for a local variable, or declare the global before the function.";
    NeverEqual "never-equal" Warn "a comparison whose outcome the types decide"
        "Values of different types are unequal, int and float aside: `\"5\" == 5` is always false.";
    NullOption "null-option" Warn "`None` compared with `null`"
        "`None` is an option, `null` is not: they are unequal. Write `== None`, or `match`.";
    ForeignInterpolation "foreign-interpolation" Warn "a text that would hold a variable in other languages"
        "A text holds values by `${name}` only: `\"{name}\"`, `\"$name\"` and `f\"...\"` are other languages'. Silent for a placeholder that the program passes to a builtin such as `replace`.";
    UnawaitedCall "unawaited-call" Warn "an async call that nobody awaits"
        "The call gives a promise. Dropped, its errors are lost and the program may end before it; as an operand it is not yet the value. Write `await`.";
    UnknownCode "unknown-code" Warn "a comment `allow:` with a code that does not exist"
        "The comment allows nothing. `ruff check --explain all` lists the codes.";
}

impl Lint {
    /// The lint with this code.
    pub fn from_code(code: &str) -> Option<Lint> {
        Lint::ALL.iter().copied().find(|lint| lint.code() == code)
    }
}

impl fmt::Display for Lint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_found() {
        for &lint in Lint::ALL {
            assert_eq!(Lint::from_code(lint.code()), Some(lint));
            assert!(lint.code().chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{lint}");
            assert!(lint.explanation().ends_with('.') && !lint.title().ends_with('.'), "{lint}");
        }
        assert_eq!(Lint::from_code("all"), None);
    }
}
