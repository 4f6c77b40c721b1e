//! Statements: declarations, updates, control flow of every kind, each with what it needs to end.

use super::generator::{Generator, METHODS, Variable};
use super::idioms;
use super::parts;
use super::sequences::SHAPES;
use super::tree::{Node, Sort};
use super::types::Ty;

/// Blocks in blocks.
const DEEPEST: u32 = 4;

impl Generator {
    /// A block of about `count` statements with `variables` in its scope.
    pub fn body(&mut self, count: usize, variables: Vec<Variable>) -> Node {
        self.scopes.push(variables);
        self.blocks += 1;
        let count = 1 + self.random.below(count.max(1));
        let statements = (0..count).map(|_| self.statement()).collect();
        self.blocks -= 1;
        self.scopes.pop();
        Node::sequence(Sort::Body, statements)
    }

    /// A statement.
    pub fn statement(&mut self) -> Node {
        self.cost += self.times;
        match self.random.below(100) {
            0..14 => self.declaration(),
            14..50 => self.update(),
            50..62 => self.print(),
            62..70 => self.plain_statement(),
            70..73 => self.leave(),
            73..76 => self.wide(),
            _ if self.blocks < DEEPEST && self.cost < if self.in_value { 60 } else { 1500 } => self.control(),
            _ => self.update(),
        }
    }

    fn print(&mut self) -> Node {
        let count = 1 + self.random.below(4);
        let items = (0..count)
            .map(|_| {
                let ty = if self.random.percent(30) { Ty::Any } else { *self.random.pick(Ty::STORED) };
                self.expression(ty, 2)
            })
            .collect();
        Node::new(Sort::Stmt, "print(@)", vec![Node::sequence(Sort::List, items)])
    }

    /// A new variable.
    pub fn declaration(&mut self) -> Node {
        let ty = *self.random.pick(Ty::STORED);
        let value = self.expression(ty, 3);
        let outer: Vec<String> = self.scopes[..self.scopes.len() - 1]
            .iter()
            .flatten()
            .filter(|v| v.ty == ty && v.name.starts_with('v'))
            .map(|v| v.name.clone())
            .collect();
        let here: Vec<String> = self.scopes.last().unwrap().iter().map(|v| v.name.clone()).collect();
        let mut name = self.fresh();
        let mut word = *self.random.pick(&["mut ", "mut ", "mut ", "", "", "let ", "const "]);
        // A variable that hides one of an outer scope, with the keyword that makes it one.
        if !outer.is_empty() && self.random.percent(15) {
            let hidden = self.random.pick(&outer).clone();
            if !here.contains(&hidden) {
                name = hidden;
                word = if word.is_empty() { "mut " } else { word };
            }
        }
        self.declare(&name, ty, word == "mut " || word.is_empty());
        Node::new(Sort::Stmt, &format!("{word}{name} := @"), vec![value])
    }

    /// A change of a place.
    fn update(&mut self) -> Node {
        for _ in 0..4 {
            let total: u32 = idioms::UPDATES.iter().map(|row| row.0).sum();
            let mut chosen = self.random.below(total as usize) as u32;
            let row = idioms::UPDATES
                .iter()
                .find(|row| {
                    let found = chosen < row.0;
                    chosen = chosen.wrapping_sub(row.0);
                    found
                })
                .expect("the weights were summed");
            if self.in_method && (METHODS.iter().any(|call| row.2.contains(call)) || row.3.contains(&Ty::Point)) {
                continue;
            }
            let deep = self.random.percent(40);
            let Some(place) = self.place(row.1, deep) else { continue };
            let mut node = self.fill(Sort::Stmt, &row.2.replace('~', &place), row.3, 2);
            if self.random.percent(25) {
                let printed = place.split(['.', '[']).next().unwrap_or(&place).to_owned();
                node = Node::new(Sort::Stmt, &format!("@ print({printed})"), vec![node]);
            }
            return node;
        }
        self.declaration()
    }

    /// An operator of a function that meets one kind of operands after the other: ints, floats, what neither fits.
    fn polymorph(&mut self) -> Node {
        let operator = *self.random.pick(&["+", "-", "*", "/", "%", "<", "<=", ">", ">=", "==", "!="]);
        let body = *self.random.pick(&[
            "return a# ? b#",
            "if a# ? b# { return 1 } return 0",
            "c# := a# ? b# return [c#, a# ? 2]",
        ]);
        let items = (0..2 + self.random.below(6)).map(|_| {
            let ty = *self.random.pick(&[Ty::Int, Ty::Float, Ty::Float, Ty::Any]);
            if self.random.percent(50) {
                return Node::text(
                    Sort::Expr(Ty::Any),
                    *self.random.pick(&["0.5", "2.5", "0.0", "3", "0", "parse_float(\"nan\")"]),
                );
            }
            self.expression(ty, 1)
        });
        let items = Node::sequence(Sort::List, items.collect());
        let other = self.literal(Ty::Float);
        let template = format!(
            "func q#(a#, b#) {{ {} }} for x# in [@] {{ try {{ print(q#(x#, @), q#(2.5, x#), q#(x#, x#)) }} except e# {{ print(e#.message) }} }}",
            body.replace('?', operator)
        );
        let number = self.number().to_string();
        Node::new(Sort::Stmt, &template.replace('#', &number), vec![items, other])
    }

    fn plain_statement(&mut self) -> Node {
        if !self.in_method && self.times <= 20 && self.random.percent(15) {
            return self.polymorph();
        }
        if !self.in_method && self.times <= 20 && self.random.percent(15) {
            let (template, operands) = *self.random.pick(SHAPES);
            return self.fill(Sort::Stmt, template, operands, 1);
        }
        if !self.in_method && self.times <= 3 && self.random.percent(15) {
            return self.misuse();
        }
        if !self.in_method && self.times <= 3 && self.random.percent(20) && self.afford(60) {
            return self.shared();
        }
        if !self.in_method && self.times <= 3 && self.random.percent(15) && self.afford(60) {
            let (risky, template, operands) = *self.random.pick(parts::ROWS);
            if !risky || self.risky() {
                return self.fill(Sort::Stmt, template, operands, 1);
            }
        }
        for _ in 0..if self.in_method { 0 } else { 4 } {
            let row = self.random.pick(idioms::STATEMENTS);
            let fine = !row.1 || self.risky();
            if fine && (row.2.len() < 60 || self.times <= 20) {
                return self.fill(Sort::Stmt, row.2, row.3, 1);
            }
        }
        self.print()
    }

    /// `break`, `continue`, `return`, `yield`.
    fn leave(&mut self) -> Node {
        let condition = self.expression(Ty::Bool, 2);
        if self.yields && self.random.percent(60) {
            return self.fill(Sort::Stmt, "yield @", &[Ty::Int], 2);
        }
        if self.loops > 0 && self.random.percent(70) {
            let word = if self.random.percent(50) { "break" } else { "continue" };
            return Node::new(Sort::Stmt, &format!("if @ {{ {word} }}"), vec![condition]);
        }
        match self.result {
            Some(ty) if !self.yields => {
                let value = self.expression(ty, 2);
                Node::new(Sort::Stmt, "if @ { return @ }", vec![condition, value])
            }
            _ => self.print(),
        }
    }

    /// Many variables at once, or an expression that needs many registers.
    fn wide(&mut self) -> Node {
        let count = 5 + self.random.below(25);
        if self.random.percent(50) {
            let items = (0..count).map(|_| self.expression(Ty::Int, 1)).collect();
            let list = Node::sequence(Sort::List, items);
            return Node::new(Sort::Stmt, "print([@])", vec![list]);
        }
        let base = self.number();
        let mut statements = Vec::new();
        let mut sum = String::from("0");
        for index in 0..count {
            let ty = if index % 7 == 3 { Ty::Float } else { Ty::Int };
            let value = self.expression(ty, 1);
            statements.push(Node::new(Sort::Stmt, &format!("w{base}_{index} := @"), vec![value]));
            sum =
                if index % 3 == 0 { format!("w{base}_{index} + ({sum})") } else { format!("{sum} + w{base}_{index}") };
        }
        statements.push(Node::text(Sort::Stmt, format!("print({sum})")));
        Node::new(Sort::Stmt, "if true {@}", vec![Node::sequence(Sort::Body, statements)])
    }

    /// Something with blocks in it.
    fn control(&mut self) -> Node {
        match self.random.below(20) {
            0..5 => {
                let condition = self.expression(Ty::Bool, 2);
                let then = self.body(3, Vec::new());
                match self.random.below(3) {
                    0 => Node::new(Sort::Stmt, "if @ {@}", vec![condition, then]),
                    1 => {
                        let other = self.body(3, Vec::new());
                        Node::new(Sort::Stmt, "if @ {@} else {@}", vec![condition, then, other])
                    }
                    _ => {
                        let second = self.expression(Ty::Bool, 2);
                        let other = self.body(2, Vec::new());
                        let last = self.body(2, Vec::new());
                        let children = vec![condition, then, second, other, last];
                        Node::new(Sort::Stmt, "if @ {@} else if @ {@} else {@}", children)
                    }
                }
            }
            5..11 => self.repeat(),
            11..16 => self.attempt(),
            16..18 => self.matching(),
            _ => self.closure(),
        }
    }

    /// A loop that runs at most `limit` times.
    fn looped(&mut self, limit: u64, count: usize, variables: Vec<Variable>) -> Node {
        let times = self.times;
        self.times *= limit;
        self.loops += 1;
        let body = self.body(count, variables);
        self.loops -= 1;
        self.times = times;
        body
    }

    fn repeat(&mut self) -> Node {
        if self.times > if self.in_value { 2 } else { 20 } {
            return self.update();
        }
        let limit = if self.times == 1 { 2 + self.random.below(14) as u64 } else { 2 + self.random.below(4) as u64 };
        let number = self.number();
        let counter = Variable { name: format!("i{number}"), ty: Ty::Int, mutable: false };
        let count = Node::text(Sort::Literal, limit.to_string());
        let kind = self.random.below(11);
        if kind >= 9 {
            return self.stepped(number, counter, count, limit);
        }
        if kind < 4 {
            let body = self.looped(limit, 4, vec![counter]);
            let template = match kind {
                0 => format!("for i{number} in @ {{@}}"),
                1 => format!("for i{number} in range(@) {{@}}"),
                2 => format!("for i{number} in range(0, @) {{@}}"),
                _ => format!("mut i{number} := 0 loop {{ if i{number} >= @ {{ break }} i{number} += 1@}}"),
            };
            return Node::new(Sort::Stmt, &template, vec![count, body]);
        }
        if kind < 7 {
            let condition = self.expression(Ty::Bool, 1);
            let body = self.looped(limit, 4, vec![counter]);
            let plain = kind == 4;
            let word = if kind == 6 { "loop while" } else { "while" };
            let template = if plain {
                format!("mut i{number} := 0 while i{number} < @ {{ i{number} += 1@}}")
            } else {
                format!("mut i{number} := 0 {word} i{number} < @ && @ {{ i{number} := i{number} + 1@}}")
            };
            let children = if plain { vec![count, body] } else { vec![count, condition, body] };
            return Node::new(Sort::Stmt, &template, children);
        }
        let (ty, element) = *self.random.pick(&[
            (Ty::Ints, Ty::Int),
            (Ty::Ints, Ty::Int),
            (Ty::Floats, Ty::Float),
            (Ty::Strs, Ty::Str),
            (Ty::Grid, Ty::Ints),
            (Ty::Dict, Ty::Str),
            (Ty::Points, Ty::Point),
            (Ty::Str, Ty::Str),
            (Ty::Gen, Ty::Int),
        ]);
        let name = self.fresh();
        let subject = self.expression(ty, 1);
        let element = Variable { name: name.clone(), ty: element, mutable: true };
        let body = self.looped(6, 4, vec![element]);
        // Only so many: what is walked may have grown.
        let template = match ty {
            Ty::Dict => format!("for {name} in take(keys(@), 6) {{@}}"),
            Ty::Str => format!("for {name} in substring(@, 0, 6) {{@}}"),
            Ty::Gen => format!("for {name} in @.take(6) {{@}}"),
            _ if self.times <= 3 => {
                format!("mut i{number} := 0 for {name} in @ {{ i{number} += 1 if i{number} > 9 {{ break }}@}}")
            }
            _ => format!("for {name} in take(@, 6) {{@}}"),
        };
        Node::new(Sort::Stmt, &template, vec![subject, body])
    }

    /// A loop whose step stands at its end: there is no `continue` in it.
    fn stepped(&mut self, number: u32, counter: Variable, count: Node, limit: u64) -> Node {
        let (times, loops) = (self.times, std::mem::replace(&mut self.loops, 0));
        self.times *= limit + 1;
        let body = self.body(3, vec![counter]);
        (self.times, self.loops) = (times, loops);
        let template = *self.random.pick(&[
            "mut i# := 0 while i# <= @ {@ i# += 1 }",
            "mut i# := 0 n# := @ while i# <= n# {@ i# += 1 }",
            "mut i# := 0 n# := @ while i# < n# {@ i# := i# + 1 }",
            "mut i# := @ while i# >= 0 {@ i# -= 1 }",
            "mut i# := @ while i# > 0 {@ i# := i# - 1 }",
            "mut i# := @ n# := 1 while i# >= n# {@ i# -= 1 }",
            "mut i# := 0.5 n# := @ while i# <= n# {@ i# += 1 }",
            "mut i# := 562949953421310 n# := i# + @ while i# < n# {@ i# += 1 }",
        ]);
        Node::new(Sort::Stmt, &template.replace('#', &number.to_string()), vec![count, body])
    }

    fn attempt(&mut self) -> Node {
        self.guarded += 1;
        let body = self.body(4, Vec::new());
        self.guarded -= 1;
        let number = self.number();
        let handler = self.body(2, Vec::new());
        let shown = *self.random.pick(&["e@.message", "e@.message, e@.line", "e@", "e@.stack"]);
        let shown = shown.replace('@', &number.to_string());
        let again = if self.guarded > 0 && self.random.percent(25) {
            *self.random.pick(&[" throw(e@)", " throw(\"again \" + e@.message)"])
        } else {
            ""
        };
        let again = again.replace('@', &number.to_string());
        let template = format!("try {{@}} except e{number} {{ print({shown})@{again} }}");
        Node::new(Sort::Stmt, &template, vec![body, handler])
    }

    fn matching(&mut self) -> Node {
        let number = self.number();
        match self.random.below(3) {
            0 => {
                let subject = self.expression(Ty::Shape, 1);
                let radius = vec![Variable { name: format!("a{number}"), ty: Ty::Int, mutable: true }];
                let guard = self.expression(Ty::Bool, 1);
                let (circle, sides) = (self.body(2, radius.clone()), self.body(2, radius));
                let other = self.body(1, Vec::new());
                let template = format!(
                    "match @ {{ case Shape::Circle(a{number}) if @ {{@}} case Shape::Rect(a{number}, b{number}) {{@}} \
                     case Shape::Named(c{number}, _): {{ print(c{number}) }} default {{@}} }}"
                );
                Node::new(Sort::Stmt, &template, vec![subject, guard, circle, sides, other])
            }
            1 => {
                let ty = if self.in_method || self.random.percent(70) { Ty::Int } else { Ty::Any };
                let subject = self.expression(ty, 2);
                let bodies: Vec<Node> = (0..4).map(|_| self.body(2, Vec::new())).collect();
                let mut children = vec![subject];
                children.extend(bodies);
                let template = "match (@) { case 1 {@} case 2.0 {@} case \"a\" {@} default {@} }";
                Node::new(Sort::Stmt, template, children)
            }
            _ => {
                let ty = *self.random.pick(&[Ty::Opt, Ty::Res]);
                let subject = self.expression(ty, 2);
                let content = vec![Variable { name: format!("a{number}"), ty: Ty::Int, mutable: true }];
                let (first, second) = (self.body(2, content), self.body(2, Vec::new()));
                let word = if ty == Ty::Opt { "Some" } else { "Ok" };
                let template = format!(
                    "match @ {{ case {word}(a{number}) {{@}} case None {{@}} case Err(b{number}) {{ print(b{number}) }} }}"
                );
                Node::new(Sort::Stmt, &template, vec![subject, first, second])
            }
        }
    }

    /// A function declared inside, with statements, called at once.
    fn closure(&mut self) -> Node {
        let (number, name) = (self.number(), self.fresh());
        let result = *self.random.pick(&[Ty::Int, Ty::Ints, Ty::Str, Ty::Point]);
        let param = *self.random.pick(Ty::STORED);
        let outer = (self.loops, self.result.replace(result), self.yields, self.guarded, self.in_value, self.times);
        (self.loops, self.yields, self.guarded, self.in_value) = (0, false, 0, true);
        self.times *= 2;
        let body = self.body(4, vec![Variable { name: name.clone(), ty: param, mutable: true }]);
        let value = self.expression(result, 2);
        (self.loops, self.result, self.yields, self.guarded, self.in_value, self.times) = outer;
        let (first, second) = (self.expression(param, 2), self.expression(param, 1));
        let template = format!("func h{number}({name}) {{@\nreturn @ }} print(h{number}(@)) print(h{number}(@))");
        Node::new(Sort::Stmt, &template, vec![body, value, first, second])
    }
}
