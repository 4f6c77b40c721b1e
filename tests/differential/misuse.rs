//! Constants where they do not belong: as a container, a callee, a receiver, a subject, an iterable, an operand of anything.
//!
//! The compiler knows a constant: it folds it, encodes it in an instruction, loads it where a register is needed. So one constant
//! stands in several of these places, near each other, beside uses that are right.

use super::generator::Generator;
use super::tree::{Node, Sort};

/// Constants of every kind.
pub const CONSTANTS: &[&str] = &[
    "0",
    "0",
    "1",
    "2",
    "-1",
    "7",
    "300",
    "-32768",
    "32768",
    "562949953421311",
    "562949953421312",
    "9223372036854775807",
    "0.5",
    "1.0",
    "0.0",
    "\"s\"",
    "\"\"",
    "\"a\"",
    "\"ü\"",
    "null",
    "null",
    "true",
    "false",
    "[]",
    "[1, 2]",
    "({})",
    "({\"a\": 1})",
    "None",
    "Some(1)",
    "Ok(0)",
    "Shape::Dot",
    "len",
    "(Point {})",
];

/// Uses. `§` is a constant, `y` the parameter, `l` a local variable, `same` a function.
const USES: &[&str] = &[
    // As a container.
    "l[§] := y",
    "l[y] := §",
    "l[§] += §",
    "l[0] := l[0] + §",
    "l.x := y",
    "l.x += §",
    "l.x := l.x - §",
    "l[§].x := y",
    "l.items[§] += y",
    "l.tags[§] := §",
    "l[§][y] -= §",
    "print(l[y], §)",
    "print(§[y])",
    "print(l[§])",
    "print(§.x)",
    "print(y.x, §)",
    "print(§?.x)",
    "print(l?.name ?? §)",
    "[t, u] := § print(t, u)",
    "[t, ...u] := l print(t, u, §)",
    "if true { {x, ...u} := § print(x, u) }",
    "if true { {a} := l print(a, §) }",
    // As what grows.
    "l := push(l, y)",
    "l := push(§, l)",
    "l := l.push(§)",
    "l := [...l, §]",
    "l := {...l, \"k\": §}",
    "l := {...§, §: y}",
    "l := l + §",
    "l += y",
    "l += §",
    "l -= §",
    "l *= §",
    "l := \"${l}\" + §",
    "l := pop(l)[0]",
    "l := insert(l, §, y)",
    "l := remove(l, §)",
    "l := §",
    "l := y",
    "mut t := l t := push(t, §) l := t",
    "mut t := § t[0] := l l := t",
    // As arguments.
    "push(§, y)",
    "print(len(§), len(y))",
    "print(values(§), keys(l), §)",
    "print(get(l, §, y), get(§, y))",
    "print(has_key(§, y), contains(l, §))",
    "print(slice(§, y, §), substring(l, §, y))",
    "print(sort(§), sum(l), reverse(y))",
    "print(map(§, y), filter(l, §))",
    "print(map([y, §], l))",
    "print(reduce(l, §, §))",
    "print(join(§, l), split(l, §), replace(y, §, §))",
    "print(set_has(Set(§), y), Queue(§), Stack(l))",
    "print(abs(§), max(y, §), min(§, l), pow(§, 2))",
    "print(bit_and(y, §), bit_shl(§, l), bit_not(§))",
    "print(merge(§, l), invert(y), unique(§))",
    "print(char_at(§, y), index_of(l, §), to_upper(§))",
    "print(parse_int(§), to_int(l), to_float(§), to_bool(y))",
    "print(type(§), type(l), is_int(§), is_null(l), is_truthy(§))",
    "print(len(l, §), push(y))",
    "assert_equal(l, §)",
    // As a callee, a receiver, a task.
    "print(§(y))",
    "print(l(§))",
    "print(§(), l)",
    "print(§ |> l)",
    "print(l |> len)",
    "print(§.len())",
    "print(l.moved(§))",
    "print(y.x(§))",
    "print(§?.push(y))",
    "print(l.map(§), §.filter(l))",
    "print(§.next(), l)",
    "print(await §, y)",
    "print(await l, §)",
    "t := func() { l := push(l, §) return l } print(t())",
    "t := func*() { yield § yield l } print(t().collect())",
    // As subjects and iterables.
    "for t in § { print(t, y) if t == 2 { break } }",
    "for t in l { print(t, §) if t == 2 { break } }",
    "match § { case 0 { print(0) } case \"s\" { print(1) } case Some(t) { print(t) } default { print(y) } }",
    "match l { case 1 { print(§) } case 0.5 { print(y) } case null { print(2) } case Shape::Dot { print(l) } default { print(3) } }",
    "if § { print(y) } else { print(l) }",
    "if !§ || l { print(§) }",
    "while § { print(y) break }",
    "if l == § { print(y) } else { print(§) }",
    "if y != § { print(l) }",
    "if § == l { print(§) }",
    "if null == l { print(y) } else if l != null { print(§) }",
    "if y < § { print(y) }",
    "if § >= l { print(l) }",
    "print(same(§), same(l), y)",
    "throw(§)",
    "if y == 1 { throw(l) }",
    "return §",
    "if y { return l }",
    // As operands.
    "print(y + §)",
    "print(§ - y)",
    "print(l * §, y / §)",
    "print(§ % l)",
    "print(-§)",
    "print(!§, -l)",
    "print(l == §, § != y, null == §)",
    "print(l < §, § >= y)",
    "print(§ ?? y, l ?? §)",
    "print(§ && y, l || §)",
    "print(\"${§}|${l}\")",
    "print({§: y, \"a\": l})",
    "print([§, ...§, y])",
    "print((Point { x: §, y: l, items: § }).total(§))",
    "print((Point { x: § }) + (Point { x: y }))",
    "print(Shape::Circle(§), Some(l), Err(§))",
    "print(func() { return §? }(), func() { return l? }())",
];

/// What such a function returns.
const RESULTS: &[&str] = &["l > §", "y > §", "l", "[l, §, y == §]", "y - §", "y + 0", "§"];

impl Generator {
    /// A function that misuses one or two constants several times, called with several arguments.
    pub fn misuse(&mut self) -> Node {
        let pool = [*self.random.pick(CONSTANTS), *self.random.pick(CONSTANTS)];
        let count = 2 + self.random.below(4);
        let statements = (0..count).map(|_| Node::text(Sort::Stmt, self.use_of(pool))).collect();
        let result = self.random.pick(RESULTS).replace('§', pool[0]);
        let variable = format!("mut l := {}", pool[0]);
        let (outer, local) = if self.random.percent(25) { (variable.as_str(), "") } else { ("", variable.as_str()) };
        let template = format!(
            "if true {{ {outer}\nfunc same(x) {{ return x == {} }}\nfunc run(y) {{ {local}\n@\nreturn {result} }}\n\
             for a in [1, 0, 0.5, {}, [[1], 2], {{\"a\": 1}}, (Point {{ x: 1 }}), null] {{ \
             try {{ print(run(a)) }} except e {{ print(e.message) }} }} }}",
            pool[1], pool[0]
        );
        Node::new(Sort::Stmt, &template, vec![Node::sequence(Sort::Body, statements)])
    }

    /// A use of constants, mostly of those of `pool`, mostly where its error is caught.
    fn use_of(&mut self, pool: [&'static str; 2]) -> String {
        let mut text = String::new();
        for (index, piece) in self.random.pick(USES).split('§').enumerate() {
            if index > 0 {
                let known = self.random.percent(85);
                let operand: &str =
                    if known { pool[self.random.below(4) / 3] } else { self.random.pick::<&str>(CONSTANTS) };
                text.push_str(operand);
            }
            text.push_str(piece);
        }
        match self.random.below(10) {
            0..6 => format!("try {{ {text} }} except e {{ print(e.message) }}"),
            6 => format!("for i in 2 {{ try {{ {text} }} except e {{ print(l) }} }}"),
            7 => format!("if y == 1 {{ {text} }}"),
            _ => text,
        }
    }
}
