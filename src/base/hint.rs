//! The table of hints: what someone is used to from another language, or has misspelt, and how this language says it.
//!
//! A hint is a help line below a message that would be true without it. What is written is recognised by a word, a run of marks, a
//! character or the name of a member; everything else is a [`Situation`], which the parser or the engine recognises and fills
//! in. A word is looked for where the parser fails and where a name is undefined when the program runs.

/// How what was written is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// A word, where it means nothing.
    Word(&'static str),
    /// Adjacent marks that are no operator.
    Marks(&'static str),
    /// A character that stands in no program outside texts and comments, and its name.
    Character(char, &'static str),
    /// A field or method that values have in another language.
    Member(&'static str),
    /// Something else.
    Situation(Situation),
}

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hint {
    /// What was written.
    pub trigger: Trigger,
    /// The help line. Each `{}` of a situation stands for a fact.
    pub advice: &'static str,
}

macro_rules! hints {
    (
        words { $($word:literal => $word_advice:literal,)* }
        marks { $($marks:literal => $marks_advice:literal,)* }
        characters { $($character:literal $name:literal => $character_advice:literal,)* }
        members { $($member:literal => $member_advice:literal,)* }
        situations { $($situation:ident $written:literal => $situation_advice:literal,)* }
    ) => {
        /// What a hint is about, if no single word or mark says it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Situation { $(#[doc = $written] $situation),* }

        impl Situation {
            /// What was written, as a list of hints shows it.
            pub const fn written(self) -> &'static str {
                match self { $(Situation::$situation => $written),* }
            }
        }

        /// Every hint.
        pub const TABLE: &[Hint] = &[
            $(Hint { trigger: Trigger::Word($word), advice: $word_advice },)*
            $(Hint { trigger: Trigger::Marks($marks), advice: $marks_advice },)*
            $(Hint { trigger: Trigger::Character($character, $name), advice: $character_advice },)*
            $(Hint { trigger: Trigger::Member($member), advice: $member_advice },)*
            $(Hint { trigger: Trigger::Situation(Situation::$situation), advice: $situation_advice },)*
        ];
    };
}

hints! {
    words {
        "and" => "write `&&` for `and`",
        "or" => "write `||` for `or`",
        "not" => "write `!` for `not`: `!x`, and `!(a == b)`",
        "is" => "write `==` for `is`",
        "nil" => "the absent value is called `null`",
        "undefined" => "the absent value is called `null`",
        "NULL" => "the absent value is called `null`",
        "True" => "write `true`",
        "False" => "write `false`",
        "this" => "a method declares its receiver as first parameter: `func m(self) { ... self.x ... }`",
        "elif" => "write `else if` for `elif`",
        "elseif" => "write `else if` for `elseif`",
        "elsif" => "write `else if` for `elsif`",
        "then" => "a block stands between braces: `if x { ... }`",
        "do" => "a block stands between braces; a loop with its test at the end is `loop { ... if !again { break } }`",
        "end" => "a block ends with `}`",
        "unless" => "write `if !(...) { ... }` for `unless`",
        "until" => "write `while !(...) { ... }` for `until`",
        "foreach" => "write `for v in values { ... }`",
        "switch" => "write `match x { case 1 { ... } default { ... } }`",
        "when" => "write `match x { case 1 { ... } default { ... } }`",
        "def" => "write `func f(x) { ... }`",
        "fn" => "write `func f(x) { ... }`, or `func(x) { ... }` without a name",
        "function" => "write `func f(x) { ... }`, or `func(x) { ... }` without a name",
        "lambda" => "write `func(x) { return ... }`",
        "class" => "write `struct P { x, y func area() { ... } }`, and `P { x: 1, y: 2 }` to make one",
        "interface" => "there are no interfaces: a method is looked for when it is called",
        "impl" => "methods stand in the declaration: `struct P { x func area() { ... } }`",
        "new" => "write `P { x: 1 }` to make a struct",
        "var" => "write `mut x := ...`, or only `x := ...`",
        "local" => "write `mut x := ...` or `let x := ...`",
        "static" => "write `const X := ...`",
        "global" => "a function that assigns to a variable around it changes that variable: no declaration is needed",
        "nonlocal" => "a function that assigns to a variable around it changes that variable: no declaration is needed",
        "pub" => "write `export` before what a module gives to others",
        "throw" => "write `throw(...)`, with the parenthesis on the same line",
        "raise" => "write `throw(...)`",
        "panic" => "write `throw(...)`",
        "catch" => "write `except e { ... }`",
        "rescue" => "write `except e { ... }`",
        "finally" => "there is no `finally`: write what must happen in any case after the `try` statement, and in its `except`",
        "pass" => "an empty block is `{ }`",
        "del" => "write `d := remove(d, key)[0]`",
        "goto" => "there is no `goto`: use a loop, `break` and `continue`",
        "typeof" => "write `type(x)`",
        "instanceof" => "write `type(x) == \"...\"`",
        "of" => "write `for v in values { ... }`",
        "as" => "an import keeps its name: write `from module import name`, then `other := name`",
        "require" => "write `import module`, or `from module import name`",
        "include" => "write `import module`, or `from module import name`",
        "use" => "write `import module`, or `from module import name`",
        "console" => "write `print(...)`",
        "printf" => "write `print(...)`, with `${...}` in a text or with `format(...)`",
        "puts" => "write `print(...)`",
        "echo" => "write `print(...)`",
        "Math" => "mathematical functions are builtins: `sqrt(x)`, `floor(x)`, `PI`",
        "isinstance" => "write `type(x) == \"...\"`",
        "parseInt" => "write `parse_int(s)`",
        "parseFloat" => "write `parse_float(s)`",
        "tostring" => "write `to_string(v)`",
        "tonumber" => "write `to_int(s)` or `to_float(s)`",
        "pairs" => "`for k in d` goes through the keys, `for v in a` through the elements",
        "ipairs" => "`for v in a` goes through the elements; `enumerate(a)` gives `[index, element]`",
        "sorted" => "write `sort(a)`: it gives a sorted copy",
        "int" => "write `to_int(v)` for the conversion, `mut n := 1` for a variable",
        "float" => "write `to_float(v)` for the conversion, `mut n := 1.0` for a variable",
        "string" => "write `to_string(v)` for the conversion, `mut s := \"\"` for a variable",
        "bool" => "write `to_bool(v)` for the conversion, `mut b := true` for a variable",
    }
    marks {
        "++" => "write `x += 1`",
        "--" => "`--` is two minuses: write `x -= 1`",
        "**" => "write `pow(a, b)`",
        "===" => "write `==`",
        "!==" => "write `!=`",
        "<>" => "write `!=`",
        "=>" => "write `func(x) { return ... }` for a function; a case of `match` is `case 1 { ... }`",
        "..." => "the elements of an array cannot be passed as arguments, and no parameter takes the rest: pass the array",
        ".." => "write `range(a, b)` for numbers, `a + b` for texts",
        "<<" => "write `bit_shl(a, n)`",
        ">>" => "write `bit_shr(a, n)`",
        "&" => "write `bit_and(a, b)`, or `&&` for the logical operator",
        "|" => "write `bit_or(a, b)`, `||` for the logical operator, or `func(x) { return ... }` for a function",
    }
    characters {
        '\'' "apostrophe" => "texts stand between double quotes: `\"text\"`",
        '`' "backtick" => "texts stand between double quotes: `\"text ${x}\"`",
        '^' "circumflex" => "write `bit_xor(a, b)`, or `pow(a, b)` for a power",
        '~' "tilde" => "write `bit_not(a)`, and `!=` for `~=`",
        '@' "at sign" => "there are no decorators: write `f := decorate(f)` after the declaration",
        '$' "dollar sign" => "names have no `$`; in a text, `${...}` inserts a value",
        '\\' "backslash" => "an expression goes on over the end of the line: no backslash is needed",
        '\u{a0}' "no-break space" => "did you mean a space?",
        '\u{ad}' "soft hyphen" => "it is invisible: delete it",
        '\u{2002}' "en space" => "did you mean a space?",
        '\u{2003}' "em space" => "did you mean a space?",
        '\u{2009}' "thin space" => "did you mean a space?",
        '\u{200b}' "zero width space" => "it is invisible: delete it",
        '\u{200c}' "zero width non-joiner" => "it is invisible: delete it",
        '\u{200d}' "zero width joiner" => "it is invisible: delete it",
        '\u{200e}' "left-to-right mark" => "it is invisible: delete it",
        '\u{200f}' "right-to-left mark" => "it is invisible: delete it",
        '\u{2028}' "line separator" => "did you mean a line break?",
        '\u{2029}' "paragraph separator" => "did you mean a line break?",
        '\u{202f}' "narrow no-break space" => "did you mean a space?",
        '\u{2060}' "word joiner" => "it is invisible: delete it",
        '\u{3000}' "ideographic space" => "did you mean a space?",
        '\u{feff}' "byte order mark" => "it is invisible: delete it",
        '\u{2018}' "left single quotation mark" => "did you mean `\"`?",
        '\u{2019}' "right single quotation mark" => "did you mean `\"`?",
        '\u{201c}' "left double quotation mark" => "did you mean `\"`?",
        '\u{201d}' "right double quotation mark" => "did you mean `\"`?",
        '\u{201e}' "low double quotation mark" => "did you mean `\"`?",
        '\u{ab}' "left guillemet" => "did you mean `\"`?",
        '\u{bb}' "right guillemet" => "did you mean `\"`?",
        '\u{2010}' "hyphen" => "did you mean `-`?",
        '\u{2011}' "no-break hyphen" => "did you mean `-`?",
        '\u{2013}' "en dash" => "did you mean `-`?",
        '\u{2014}' "em dash" => "did you mean `-`?",
        '\u{2212}' "minus sign" => "did you mean `-`?",
        '\u{2026}' "ellipsis" => "did you mean `...`?",
        '\u{d7}' "multiplication sign" => "did you mean `*`?",
        '\u{f7}' "division sign" => "did you mean `/`?",
        '\u{2260}' "not equal to" => "did you mean `!=`?",
        '\u{2264}' "less-than or equal to" => "did you mean `<=`?",
        '\u{2265}' "greater-than or equal to" => "did you mean `>=`?",
        '\u{2192}' "rightwards arrow" => "did you mean `->`?",
        '\u{37e}' "Greek question mark" => "did you mean `;`?",
        '\u{ff08}' "fullwidth left parenthesis" => "did you mean `(`?",
        '\u{ff09}' "fullwidth right parenthesis" => "did you mean `)`?",
        '\u{ff0c}' "fullwidth comma" => "did you mean `,`?",
        '\u{ff1a}' "fullwidth colon" => "did you mean `:`?",
        '\u{ff1b}' "fullwidth semicolon" => "did you mean `;`?",
    }
    members {
        "length" => "write `len(v)`",
        "size" => "write `len(v)`",
        "count" => "write `len(v)`",
        "strip" => "write `trim(s)`",
        "toUpperCase" => "write `to_upper(s)`",
        "toLowerCase" => "write `to_lower(s)`",
        "toString" => "write `to_string(v)`",
        "includes" => "write `contains(v, x)`",
        "indexOf" => "write `index_of(v, x)`",
        "startswith" => "write `starts_with(s, prefix)`",
        "endswith" => "write `ends_with(s, suffix)`",
        "charAt" => "write `char_at(s, i)`",
        "add" => "write `push(a, x)` for an array, `set_add(s, x)` for a set: each gives the changed copy",
        "extend" => "write `concat(a, b)`",
        "forEach" => "write `for v in values { ... }`",
        "iter" => "write `for v in values { ... }`: no call is needed",
        "hasOwnProperty" => "write `has_key(d, key)`",
        "containsKey" => "write `has_key(d, key)`",
        "unwrap" => "write `match r { case Ok(v) { ... } case Err(e) { ... } }`, or `r?` in a function",
        "first" => "write `a[0]`",
        "last" => "write `a[-1]`",
        "isEmpty" => "write `len(v) == 0`",
    }
    situations {
        Near "a misspelt name" => "did you mean `{}`?",
        NearKeyword "a misspelt keyword" => "did you mean the keyword `{}`?",
        Ternary "`a ? b : c`" => "there is no conditional expression: write `if a { x := b } else { x := c }`",
        DefaultArgument "`func f(a, b = 1)`" => "parameters have no default values: pass the argument, or take a dictionary and use `get(d, key, default)`",
        NamedArgument "`f(a: 1)`, `f(a = 1)`" => "arguments have no names: write `f(1)`",
        AssignInCondition "`if x = 1`" => "`=` assigns: write `==` to compare",
        ForClauses "`for (i = 0; i < 3; i++)`" => "write `for i in range(3) { ... }`",
        ForPair "`for k, v in d`" => "a loop has one variable: write `for k in d { v := d[k] ... }`, or `for pair in items(d) { let [k, v] := pair ... }`",
        WithoutBraces "`if x print(1)`, `else print(1)`" => "a block stands between braces: `{ ... }`",
        BlockColon "`if x:`, `else:`, `def f():`" => "a block stands between braces, not after `:`",
        BareBlock "`{ x := 1 }`" => "this `{` starts a dictionary: a block stands after `if`, `else`, `loop`, `func` and the like",
        NoCondition "`if { ... }`" => "write the condition before the block: `{} x { ... }`",
        NoFunc "`f(x) { ... }`" => "write `func {}(...) { ... }` to declare a function",
        FormattedText "`f\"{x}\"`" => "any text may hold values: `\"x is ${x}\"`",
        SlashSlash "`a // b`" => "`//` starts a comment; `/` between two integers gives an integer",
        PointFirst "`.5`" => "write `0{}`",
        PointLast "`1.`" => "write `{}0`",
        TwoPoints "`1.2.3`" => "a number has one point: write `\"{}\"` if it is a text",
        LetMut "`let mut x`" => "write `mut x := ...`",
        NoValue "`let x`" => "a declaration gives a value: `:= null` if there is none yet",
        Slice "`a[1:2]`" => "write `slice(a, 1, 2)`, or `substring(s, 1, 2)`",
        Comprehension "`[x * 2 for x in a]`" => "write `map(a, func(x) { return ... })` or `filter(...)`",
        StatementAsValue "`x := if c { 1 } else { 2 }`" => "`{}` is a statement and has no value: assign in its branches",
        ImportText "`import \"x\"`" => "a module is named without quotes: `import x`, found in `x.ruff`",
        ImportBraces "`import {a} from x`" => "write `from x import a`",
        ImportAll "`from x import *`" => "name what you import: `from x import a, b`",
        ExceptParenthesis "`except (e)`" => "write `except e { ... }`",
        MatchArm "`1 => ...` in `match`" => "write `case 1 { ... }`, and `default { ... }` for everything else",
        Payload "`enum S { Circle(r) }`" => "declare only names; `S::Circle(1)` makes a value that holds something",
        TypeParameters "`func f<T>(x)`" => "a function takes values of any type: it has no type parameters",
        ReturnType "`func f(x): int`" => "the type of the result follows `->`",
        EntryEquals "`{a = 1}`, `P { x = 1 }`" => "write `:` between a key or field and its value",
        Membership "`x in a`" => "write `contains(a, x)`, or `has_key(d, x)`",
        Modulus "`x!`" => "`!` stands before its operand",
        Mismatch "a closing bracket of another kind" => "`{}` is closed by `{}`",
        Indented "a missing brace" => "perhaps this is the `{` without a `}`: the `}` that closes it stands at another indentation",
        Opened "a bracket never closed" => "it is opened here",
        IdentifierStart "`é := 1`" => "a name starts with `a` to `z`, `A` to `Z` or `_`; other letters may follow",
        UnknownCharacter "`☃`" => "it is U+{}",
        BareKey "`{a: 1}`" => "a key is an expression: write `\"{}\"` for a text",
        StructCall "`P(1)`" => "`{}` is a struct: write `{}` to make one",
        EnumValue "`Color.Red`" => "`{}` is an enum: write `{}`",
        OutOfScope "a name of another block" => "a variable of this name is declared here; it exists only in its block",
        Later "a name used before it has a value" => "it gets its value only here",
        Declared "an immutable name" => "it is declared here",
        UseMut "`let` reassigned" => "declare it with `mut` to change it: `mut {} := ...`",
        UseConst "`const` reassigned" => "a constant keeps its value; declare it with `mut` to change it: `mut {} := ...`",
        Concatenate "`\"text\" + 1`" => "only texts are joined by `+`: write `\"${...}\"` or `to_string(...)`",
        Repeat "`\"-\" * 3`" => "write `repeat(s, n)`",
        ArrayPlus "`[1] + [2]`" => "write `concat(a, b)`, or `push(a, x)` for one element",
        OptionOperand "`None + 1`" => "`None` and `Some(v)` are options: `match` takes out the value; the absent value is called `null`",
        NullOperand "`null + 1`" => "an operand is `null`: `a ?? b` gives `b` for it",
        AtLength "an index equal to the length" => "the length is {}: indexes start at 0, so the last one is {}",
        Empty "an index into nothing" => "there are no elements",
        Length "an index too large" => "the length is {}: indexes go from 0 to {}, or from -1 down to -{}",
        NoMembers "a field of something without fields" => "the value is of type {}",
        NullMember "a field of `null`" => "the value is `null`: `?.` gives `null` then",
        Fields "an unknown field" => "the fields of `{}` are {}",
        Methods "an unknown method" => "the methods of `{}` are {}",
        Signature "a wrong number of arguments" => "`{}` is declared here",
        NoNames "a name a module does not have" => "`{}` exports {}",
        Differs "`assert_equal` of values with parts: the first that differ" => "expected {}, got {}",
        DiffersText "`assert_equal` of long texts" => "at character {}: expected {}, got {}",
        DiffersLength "`assert_equal` of arrays" => "expected {} elements, got {}",
        DiffersCharacters "`assert_equal` of texts of several lengths" => "expected {} characters, got {}",
        Missing "`assert_equal` of dictionaries, structs, sets" => "missing: {}",
        Extra "`assert_equal` of dictionaries, structs, sets: what is too much" => "not expected: {}",
        Elements "`assert_contains` of an array" => "the elements are {}",
        Keys "`assert_contains` of a dictionary" => "the keys are {}",
        Tried "a missing module" => "no such file: {}",
        NotExported "a name without `export`" => "`{}` is declared here, without `export`",
        GetKey "a missing key" => "`get(d, key)` gives `null` for a key that is missing",
    }
}

impl Situation {
    /// The help line, with `facts` in the places of `{}`.
    pub fn advice(self, facts: &[&str]) -> String {
        let row = TABLE.iter().find(|hint| hint.trigger == Trigger::Situation(self));
        let mut facts = facts.iter();
        let mut text = String::new();
        for (number, part) in row.map_or("", |hint| hint.advice).split("{}").enumerate() {
            if number > 0 {
                text.push_str(facts.next().unwrap_or(&"..."));
            }
            text.push_str(part);
        }
        text
    }
}

fn advice(trigger: impl Fn(Trigger) -> bool) -> Option<&'static str> {
    TABLE.iter().find(|hint| trigger(hint.trigger)).map(|hint| hint.advice)
}

/// The advice for a word of other languages.
pub fn word(text: &str) -> Option<&'static str> {
    advice(|trigger| matches!(trigger, Trigger::Word(word) if word == text))
}

/// The advice for a field or method of other languages.
pub fn member(text: &str) -> Option<&'static str> {
    advice(|trigger| matches!(trigger, Trigger::Member(member) if member == text))
}

/// All words and names of members of other languages.
pub fn words_and_members() -> impl Iterator<Item = &'static str> {
    TABLE.iter().filter_map(|row| match row.trigger {
        Trigger::Word(text) | Trigger::Member(text) => Some(text),
        _ => None,
    })
}

/// The longest marks at the start of `text` that are an operator elsewhere, with the advice.
pub fn marks(text: &str) -> Option<(&'static str, &'static str)> {
    let found = TABLE.iter().filter_map(|hint| match hint.trigger {
        Trigger::Marks(marks) if text.starts_with(marks) => Some((marks, hint.advice)),
        _ => None,
    });
    found.max_by_key(|(marks, _)| marks.len())
}

/// The help line for a character that cannot stand where it does.
pub fn character(c: char) -> Option<String> {
    let row = TABLE.iter().find(|hint| matches!(hint.trigger, Trigger::Character(character, _) if character == c));
    match row {
        Some(Hint { trigger: Trigger::Character(_, name), advice }) if !c.is_ascii() => {
            Some(format!("U+{:04X} {name}: {advice}", c as u32))
        }
        Some(hint) => Some(hint.advice.to_owned()),
        None if c.is_alphabetic() => Some(Situation::IdentifierStart.advice(&[])),
        None if c.is_ascii_graphic() => None,
        None => Some(Situation::UnknownCharacter.advice(&[&format!("{:04X}", c as u32)])),
    }
}

/// Of `names`, the one that `written` most probably means; the first of equals.
pub fn nearest<'a>(written: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = written.chars().count();
    // As for compilers at large: a third of the characters may differ, but no two short names are alike.
    let most = if length < 3 { 0 } else { length / 3 };
    let mut best: Option<(usize, &str)> = None;
    for name in names {
        if name == written || name.chars().count().abs_diff(length) > most.max(1) {
            continue;
        }
        let same_letters = name.eq_ignore_ascii_case(written)
            || name
                .bytes()
                .filter(|&b| b != b'_')
                .map(|b| b.to_ascii_lowercase())
                .eq(written.bytes().filter(|&b| b != b'_').map(|b| b.to_ascii_lowercase()));
        let distance = if same_letters { 0 } else { strsim::damerau_levenshtein(written, name) };
        if distance <= most && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, name));
        }
    }
    best.map(|(_, name)| name)
}

/// What is meant by a name that means nothing: one of `names`, or what it is called here if it is a name of other languages; `first`
/// says which of a word and a member is meant.
pub fn meant(written: &str, names: &[&str], first: fn(&str) -> Option<&'static str>) -> Option<String> {
    let foreign = |text: &str| first(text).or_else(|| word(text)).or_else(|| member(text));
    if let Some(advice) = foreign(written) {
        return Some(advice.to_owned());
    }
    match nearest(written, names.iter().copied()) {
        Some(near) => Some(Situation::Near.advice(&[near])),
        None => nearest(written, words_and_members()).and_then(foreign).map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_is_found_by_what_was_written_and_no_two_are_found_by_the_same() {
        for (number, row) in TABLE.iter().enumerate() {
            assert!(TABLE[..number].iter().all(|other| other.trigger != row.trigger), "{row:?} stands twice");
            match row.trigger {
                Trigger::Word(text) => assert_eq!(word(text), Some(row.advice)),
                Trigger::Member(text) => assert_eq!(member(text), Some(row.advice)),
                Trigger::Marks(text) => assert_eq!(marks(text), Some((text, row.advice))),
                Trigger::Character(c, _) => assert!(character(c).is_some_and(|text| text.ends_with(row.advice))),
                Trigger::Situation(situation) => assert!(!situation.written().is_empty()),
            }
        }
    }

    #[test]
    fn the_nearest_name_is_near_enough() {
        let names = ["print", "println", "count", "x", "to_upper", "parse_int"];
        let near = |written| nearest(written, names);
        assert_eq!(near("prnt"), Some("print"));
        assert_eq!(near("cuont"), Some("count"));
        assert_eq!(near("toUpper"), Some("to_upper"));
        assert_eq!(near("parseInt"), Some("parse_int"));
        assert_eq!(near("y"), None);
        assert_eq!(near("X"), Some("x"));
        assert_eq!(near("paint"), Some("print"));
        assert_eq!(near("elephant"), None);
        assert_eq!(near("coin"), None);
    }

    #[test]
    fn facts_fill_the_places() {
        let text = "the length is 3: indexes start at 0, so the last one is 2";
        assert_eq!(Situation::AtLength.advice(&["3", "2"]), text);
        assert_eq!(Situation::Near.advice(&[]), "did you mean `...`?");
    }
}
