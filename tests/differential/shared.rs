//! A variable that several functions share, updated by what reads it, calls, and stores to it again: callees that leave the
//! variable alone, look at it, change it, or raise an error in the middle, called by name, as a method, through a value, at several
//! levels, under handlers that look at the variable afterwards.
//!
//! At the top level of a program the variable is a global, elsewhere a captured one.

use super::generator::Generator;
use super::tree::{Node, Sort};

/// Variables: the declaration, a place in it that holds an array, another place in it.
const ROOTS: &[(&str, &str, &str)] = &[
    ("mut r# := [1]", "r#", "r#"),
    ("mut r# := [[1], [2, 3]]", "r#[0]", "r#[1]"),
    ("mut r# := [[1], [2, 3]]", "r#[k# % 2]", "r#[0]"),
    ("mut r# := {\"a\": [1], \"b\": [2]}", "r#[\"a\"]", "r#.b"),
    ("mut r# := {\"a\": {\"b\": [1]}}", "r#.a.b", "r#.a"),
    ("mut r# := Point { x: 0, items: [1], tags: {\"a\": 1} }", "r#.items", "r#.tags"),
    ("mut r# := [Point { items: [1], x: 2 }, Point { items: [], x: 3 }]", "r#[0].items", "r#[1].items"),
];

/// Bodies of what a place is passed to, as `x`, with a number `y`: `~` is the variable, `§` the place, `?` a callee made before.
const CALLEES: &[&str] = &[
    "x := push(x, y) return x",
    "x := push(x, y) return x",
    "return push(x, y * 2)",
    "x := push(x, len(x)) if y % 3 == 1 { throw(\"t${len(x)}\") } return x",
    "if y % 3 == 2 { throw(\"s${y}\") } x := push(x, y) return x",
    "x := push(x, y + null) return x",
    "print(~) x := push(x, y) return x",
    "x := push(x, y) print(§) return x",
    "x := push(x, len(§)) return x",
    "z := § x := push(x, y) if len(x) > 4 { x := [y] } return concat(x, slice(z, 0, 1))",
    "§ := [y, y] x := push(x, y) return x",
    "x := push(x, y) § := x return x",
    "~ := w# x := push(x, y) return x",
    "x := ?(x, y) x := push(x, 7) return x",
    "x := push(x, y) x := ?(x, y + 1) return x",
    "try { x := push(x, 1) x := ?(x, y) } except e { x := push(x, len(e.message)) print(§) } return x",
    "return map(x, func(z) { return z + y })",
    "return map(push(x, y), func(z) { return z + len(§) })",
    "return filter(x, func(z) { if z == 9 { throw(\"f\") } return z != y })",
    "for z in g#(y) { x := push(x, z) } return x",
    "for z in [y, 2].map(func(z) { return z + len(x) }) { x := push(x, z) } return x",
    "return v#[y % len(v#)](x, y)",
    "return t#.m(x, y)",
    "p := Point { items: x, x: y } p := p.moved(1) return push(p.items, p.x)",
    "if y <= 0 { return x } return c(push(x, y), y - 2)",
];

/// Bodies of what updates the place.
const UPDATES: &[&str] = &[
    "§ := ?(§, y)",
    "§ := ?(§, y)",
    "x := § x := ?(x, y) § := x",
    "x := § x := push(x, y) x := ?(x, y) § := x",
    "x := § z := ?([y], y) x := push(x, len(z)) § := x",
    "x := § for j in 3 { x := ?(x, j) } § := x",
    "x := § if y % 2 == 0 { x := ?(x, y) } else { x := push(x, y) } § := x",
    "x := § x := ?(x, y) if y % 4 == 3 { return 0 } § := x",
    "§ := push(§, len(?([], y)))",
    "§ := ?(§, y) § := ?(§, y + 1)",
    "try { § := ?(§, y) } except e { print(e.message, ~) }",
    "try { x := § x := push(x, y) § := x ?([], y) } except e { print(e.message, §) }",
    "n := len(§) § := ?(§, n)",
    "w# := ~ § := ?(§, y)",
    "a := ~ § := ?(§, y) print(a)",
    "z := § § := ?(§, y) print(z)",
];

/// Turns.
const DRIVERS: &[&str] = &[
    "for i# in 4 { u#(i#) }",
    "for i# in 4 { try { u#(i#) } except e# { print(e#.message, r#) } }",
    "try { for i# in 4 { u#(i#) } } except e# { print(e#.message, r#) }",
    "for i# in 4 { [1, 2].collect() try { h#(i#) } except e# { print(e#.message, r#) } }",
    "for i# in 3 { try { print(map([i#, 5], u#)) } except e# { print(e#.message, r#) } }",
];

/// Whether the program of this seed is about such variables only. In a large program nearly everything may be called by anyone, and
/// all errors are caught.
pub fn is_small(seed: u64) -> bool {
    seed % 8 == 3 && !super::files::has_modules(seed)
}

impl Generator {
    /// The statements of a small program.
    pub fn sharing(&mut self) -> Vec<Node> {
        let count = 1 + self.random.below(3);
        let statements = (0..count).map(|_| {
            let statement = self.shared();
            if self.random.percent(60) {
                return statement;
            }
            let number = self.number();
            Node::new(Sort::Stmt, &format!("func a{number}() {{ @ }} a{number}()"), vec![statement])
        });
        statements.collect()
    }

    /// The functions, the turns, and what the variable has in the end.
    pub fn shared(&mut self) -> Node {
        let &(declaration, place, other) = self.random.pick(ROOTS);
        let mut statements = vec![declaration.to_owned(), "mut w# := r#".to_owned(), "mut k# := 0".to_owned()];
        let mut callees: Vec<String> = Vec::new();
        let place = |text: &str| text.replace('§', place).replace('~', "r#");
        let value = *self.random.pick(&["push(x, 1)", "push(x, len(~))", "[y]"]);
        // What looks at the variable is there only for those who use it, since nobody else has to reckon with it.
        let helpers = [
            (" g#(", "func* g#(y) { yield y if y == 2 { print(§) } yield len(w#) }".to_owned()),
            ("v#", format!("v# := [func(x, y) {{ return {value} }}, func(x, y) {{ return push(x, y) }}]")),
            ("t#.", format!("t# := {{\"m\": func(x, y) {{ return {value} }}, \"n\": 2}}")),
        ];
        for index in 0..2 + self.random.below(3) {
            let inner = if callees.is_empty() { "push".to_owned() } else { self.random.pick(&callees).clone() };
            let name = format!("c{index}#");
            // Recursion stays within one function.
            let body = self.random.pick(CALLEES).replace(" c(", &format!(" {name}(")).replace('?', &inner);
            let used =
                helpers.iter().filter(|(mark, helper)| body.contains(mark) && !statements.contains(&place(helper)));
            let used: Vec<String> = used.map(|(_, helper)| place(helper)).collect();
            statements.extend(used);
            statements.push(format!("func {name}(x, y) {{ {} }}", place(&body)));
            callees.push(name);
        }
        let mut body = String::new();
        for _ in 0..1 + self.random.below(2) {
            let callee = self.random.pick(&callees).clone();
            let update = self.random.pick(UPDATES).replace('?', &callee);
            body = format!("{body} if true {{ {} }}", place(&update));
        }
        if self.random.percent(20) {
            body.push_str(&format!(" {other} := {other}"));
        }
        statements.push(format!("func u#(y) {{ k# := y{body} return 1 }}"));
        statements.push("func h#(y) { return u#(y) + 1 }".to_owned());
        statements.push(self.random.pick(DRIVERS).to_string());
        statements.push("print(r#, w#)".to_owned());
        let number = self.number().to_string();
        let nodes = statements.iter().map(|text| {
            let text = text.replace('#', &number);
            Node::text(Sort::Stmt, text)
        });
        let body = Node::sequence(Sort::Body, nodes.collect());
        Node::new(Sort::Stmt, if self.blocks == 0 { "@" } else { "if true {@}" }, vec![body])
    }
}
