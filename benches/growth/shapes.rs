//! The shapes of programs whose compilation must not grow faster than n log n: one table, for the benchmark and for the test.
//!
//! Each row is a program of one size `n`: doubling `n` doubles its text.

/// A shape of programs.
pub struct Shape {
    /// Its name.
    pub name: &'static str,
    /// The program of a size.
    pub program: fn(usize) -> String,
    /// Whether something grows with a product still: a `drop` for each of many values at each of many exits.
    pub owns: bool,
}

/// The texts of `part` for 0, 1, ... `n` - 1, one after the other.
fn each(n: usize, part: impl Fn(usize) -> String) -> String {
    (0..n).map(part).collect()
}

/// As [`each`], separated.
fn joined(n: usize, separator: &str, part: impl Fn(usize) -> String) -> String {
    (0..n).map(part).collect::<Vec<_>>().join(separator)
}

/// A function with this body, and one for it to call.
fn function(body: String) -> String {
    format!("func g(x) {{ return x }}\nfunc f(a, b, c) {{\n{body}return a\n}}\n")
}

/// Definitions of `n` variables, ints.
fn ints(n: usize) -> String {
    each(n, |i| format!("mut v{i} := a + {i}\n"))
}

/// Definitions of `n` variables, arrays.
fn arrays(n: usize) -> String {
    each(n, |i| format!("mut v{i} := [a]\n"))
}

/// Uses of them all.
fn uses(n: usize) -> String {
    each(n, |i| format!("a := g(v{i})\n"))
}

macro_rules! shapes {
    ($($name:literal $(@$owns:ident)? $program:expr;)*) => {
        /// Every shape.
        pub const SHAPES: &[Shape] = &[$(Shape { name: $name, program: $program, owns: shapes!(@flag $($owns)?) }),*];
    };
    (@flag) => { false };
    (@flag owns) => { true };
}

shapes! {
    // Statements, one after the other.
    "assignments" |n| function(each(n, |i| format!("a := b + {i}\n")));
    "constants" |n| function(each(n, |i| format!("a := a * {i}.5\n")));
    "variables" |n| function(each(n, |i| format!("mut v{i} := a - {i}\n")));
    "globals" |n| each(n, |i| format!("v{i} := {i}\n")) + "func f() {\n" + &each(n, |i| format!("v{i} += 1\n")) + "}\n";
    "top level" |n| each(n, |i| format!("v{i} := [{i}]\nprint(v{i})\n"));
    "strings" |n| function(each(n, |i| format!("a := \"t{i} ${{a}} and ${{b}}\"\n")));
    "calls" |n| function(each(n, |_| "a := g(a)\n".to_owned()));
    "methods" |n| function(each(n, |_| "a := b.m(a, c)\n".to_owned()));
    "path updates" |n| function(each(n, |i| format!("a[b].f[{i}] += c\n")));
    "destructurings" |n| function(each(n, |i| format!("[p{i}, q{i}] := a\n{{ r{i}, s{i} }} := b\n")));
    "ifs" |n| function(each(n, |i| format!("if a < {i} {{ b := b + 1 }} else {{ c := c - b }}\n")));
    "early returns" |n| function(each(n, |i| format!("if a == {i} {{ return b }}\n")));
    "whiles" |n| function(each(n, |i| format!("while a < {i} {{ a := a + 1 }}\n")));
    "fors" |n| function(each(n, |_| "for x in b { a := a + x }\n".to_owned()));
    "ranges" |n| function(each(n, |i| format!("for i in range({i}) {{ a := a + i }}\n")));
    "loops" |n| function(each(n, |i| format!("loop {{ a := a + 1 if a > {i} {{ break }} }}\n")));
    "matches" |n| function(each(n, |_| "match a { case 1: { b := 1 } case Some(x): { b := x } default: { c := 2 } }\n".to_owned()));
    "tries" |n| function(each(n, |_| "try { b := g(a) } except e { c := e.message }\n".to_owned()));
    "functions" |n| each(n, |i| format!("func f{i}(a, b) {{ if a < b {{ return a + {i} }} return b }}\n"));
    "closures" |n| function(each(n, |_| "a := func(x) { return x + b }\n".to_owned()));
    "structs" |n| each(n, |i| format!("struct S{i} {{ x: int, y: int, func m(self) {{ return self.x }} }}\n"));
    "spawns" |n| function(each(n, |_| "spawn { print(a) }\n".to_owned()));
    "yields" |n| format!("func* f(a) {{\n{}}}\nf(1)\n", each(n, |i| format!("yield a + {i}\n")));
    "awaits" |n| format!("async func f(a, g) {{\n{}}}\n", each(n, |_| "a := await g(a)\n".to_owned()));
    "tests" |n| each(n, |i| format!("test \"t{i}\" {{ assert_equal(1, 1) }}\n"));

    // One statement with much in it.
    "array literal" |n| function(format!("a := [{}]\n", joined(n, ", ", |i| format!("b + {i}"))));
    "dict literal" |n| function(format!("a := {{{}}}\n", joined(n, ", ", |i| format!("\"k{i}\": c"))));
    "sum" |n| function(format!("a := {}\n", joined(n, " + ", |i| format!("b * {i}"))));
    "conjunction" |n| function(format!("if {} {{ a := 1 }}\n", joined(n, " && ", |i| format!("b < {i}"))));
    "disjunction" |n| function(format!("a := {}\n", joined(n, " || ", |i| format!("b == {i}"))));
    "coalescing" |n| function(format!("a := {}\n", joined(n, " ?? ", |_| "b.f".to_owned())));
    "pipe" |n| function(format!("a := b{}\n", each(n, |_| " |> g".to_owned())));
    "field chain" |n| function(format!("a := b{}\n", each(n, |i| format!(".f{i}"))));
    "index chain" |n| function(format!("a := b{}\n", each(n, |i| format!("[{i}]"))));
    "arguments" |n| function(each(n.div_ceil(100), |i| format!("a := c({})\n", joined(100, ", ", |j| format!("b + {}", i + j)))));
    "else ifs" |n| function(joined(n, " else ", |i| format!("if a == {i} {{ b := c + {i} }}")) + "\n");
    "else ifs with returns" |n| function(joined(n, " else ", |i| format!("if a == {i} {{ return c }}")) + "\n");
    "cases" |n| function(format!("match a {{\n{}}}\n", each(n, |i| format!("case {i}: {{ b := c + {i} }}\n"))));
    "cases with continue" |n| function(format!("for x in a {{ match x {{\n{}}} }}\n", each(n, |i| format!("case \"w{i}\": {{ b := c + {i} continue }}\n"))));

    // Many variables.
    "live across calls" |n| function(ints(n) + &uses(n));
    "arrays across calls" |n| function(arrays(n) + &uses(n));
    "live across ifs" |n| function(ints(n) + &each(n, |i| format!("if a < {i} {{ b := b + 1 }}\n")) + &uses(n));
    "arrays across ifs" |n| function(arrays(n) + &each(n, |i| format!("if a < {i} {{ b := b + 1 }}\n")) + &uses(n));
    "arrays across returns" @owns |n| function(arrays(n) + &each(n, |i| format!("if a == {i} {{ return b }}\n")) + &uses(n));
    "changed in loops" |n| function(ints(n) + &each(n, |i| format!("while a < {i} {{ v{i} := v{i} + 1 a := a + 1 }}\n")) + &uses(n));
    "changed in one loop" |n| function(ints(n) + &format!("while a < 10 {{\n{}a := a + 1 }}\n", each(n, |i| format!("v{i} := v{i} + 1\n"))) + &uses(n));
    "changed in arms" |n| function(ints(n) + &each(n, |i| format!("if a < {i} {{ v{i} := b }}\n")) + &uses(n));
    "changed before breaks" |n| function(ints(n) + &format!("while true {{\n{}}}\n", each(n, |i| format!("v{i} := v{i} + a if v{i} > b {{ break }}\n"))) + &uses(n));
    "changed before continues" |n| function(ints(n) + &format!("for x in b {{ match x {{\n{}}} }}\n", each(n, |i| format!("case {i}: {{ v{i} := a continue }}\n"))) + &uses(n));
    "changed in else ifs" |n| function(ints(n) + &joined(n, " else ", |i| format!("if a == {i} {{ v{i} := c }}")) + "\n" + &uses(n));
    "changed in a try" |n| function(ints(n) + &format!("try {{\n{}}} except e {{ print(e) }}\n", each(n, |i| format!("v{i} := g(a)\n"))) + &uses(n));
    "changed in tries" |n| function(ints(n) + &each(n, |i| format!("try {{ v{i} := g(a) }} except e {{ print(e) }}\n")) + &uses(n));
    "arrays changed in a try" |n| function(arrays(n) + &format!("try {{\n{}}} except e {{ print(e) }}\n", each(n, |i| format!("v{i}[0] := g(a)\n"))) + &uses(n));
    "read in a handler" |n| function(ints(n) + &format!("try {{\n{}}} except e {{\n{}}}\n", each(n, |_| "g(a)\n".to_owned()), uses(n)));
    "captured" |n| function(ints(n) + &format!("a := func() {{\n{}}}\n", each(n, |i| format!("v{i} += 1\n"))));
    "captured by closures" |n| function(ints(n) + &each(n, |i| format!("a := func() {{ return v{i} }}\n")));
    "across yields" |n| format!("func* f(a) {{\n{}{}{}}}\nf(1)\n", ints(n), each(n, |i| format!("yield {i}\n")), each(n, |i| format!("yield v{i}\n")));
    "parameters" |n| each(n.div_ceil(100), |i| format!("func f{i}({}) {{\n{}}}\n", joined(100, ", ", |j| format!("p{j}")), each(100, |j| format!("p{j} := p{j} + 1\n"))));

    // Nesting, as deep as the language allows.
    "nested ifs" |n| function(each(n.div_ceil(50), |_| each(50, |i| format!("if a < {i} {{\n")) + "b := b + 1\n" + &"}\n".repeat(50)));
    "nested loops" |n| function(each(n.div_ceil(20), |_| each(20, |i| format!("while a < {i} {{ a := a + 1\n")) + &"}\n".repeat(20)));
    "nested tries" |n| function(each(n.div_ceil(20), |_| "try { b := g(b)\n".repeat(20) + &"} except e { c := e }\n".repeat(20)));
    "nested calls" |n| function(each(n.div_ceil(50), |_| format!("a := {}b{}\n", "b(c, ".repeat(50), ")".repeat(50))));
    "nested functions" |n| each(n.div_ceil(10), |_| "a := ".to_owned() + &"func(x) { return ".repeat(10) + "x" + &"}".repeat(10) + "\n");
    "nested arrays" |n| function(each(n.div_ceil(50), |_| format!("a := {}b{}\n", "[c, ".repeat(50), "]".repeat(50))));
    "parentheses" |n| function(each(n.div_ceil(50), |_| format!("a := {}b{}\n", "(c + ".repeat(50), ")".repeat(50))));
}
