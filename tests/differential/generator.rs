//! The generator's state, and expressions: variables in scope, paths into them, rows of the tables, literals at the borders.
//!
//! Programs end by construction. Loops have fixed bounds; each piece of code knows how often its surroundings may run it at most
//! (`times`), and a call is made only where that number times the callee's cost stays small. What a variable holds stays small,
//! too: what is stored is clipped where it could double.

use super::expressions;
use super::misuse::CONSTANTS;
use super::random::Random;
use super::tree::{Node, Sort};
use super::types::{Step, Ty};

/// A variable that code may name.
#[derive(Clone, Debug)]
pub struct Variable {
    pub name: String,
    pub ty: Ty,
    pub mutable: bool,
}

/// A function that code may call.
#[derive(Clone, Debug)]
pub struct Signature {
    pub name: String,
    pub params: Vec<Ty>,
    pub result: Ty,
    /// Statements a call may execute.
    pub cost: u64,
    /// Whether it calls function values: what these hold must not call it.
    pub calls_values: bool,
    /// `await` stands before the call.
    pub is_async: bool,
    /// The first argument counts a recursion.
    pub counts: bool,
}

/// Calls of methods in templates.
pub const METHODS: [&str; 4] = [".moved(", ".pushed(", ".renamed(", ".total("];

/// What may be executed at most of anything, in statements.
pub const MOST_WORK: u64 = 600;

/// Makes programs.
pub struct Generator {
    pub random: Random,
    pub scopes: Vec<Vec<Variable>>,
    pub functions: Vec<Signature>,
    /// How often the code being made may run for one run of its function.
    pub times: u64,
    /// What the function being made may execute.
    pub cost: u64,
    pub calls_values: bool,
    /// In a function value: it calls no function values and nothing expensive.
    pub in_value: bool,
    /// Inside `try`: errors are welcome.
    pub guarded: u32,
    /// Loops around, in this function.
    pub loops: u32,
    /// Blocks around.
    pub blocks: u32,
    /// The result of the function being made; none at top level.
    pub result: Option<Ty>,
    /// In a generator function.
    pub yields: bool,
    /// In a method: it runs no other method, lest they call each other for ever.
    pub in_method: bool,
    names: u32,
}

impl Generator {
    /// A generator that makes the program of `seed`.
    pub fn new(seed: u64) -> Generator {
        Generator {
            random: Random::new(seed),
            scopes: vec![Vec::new()],
            functions: Vec::new(),
            times: 1,
            cost: 0,
            calls_values: false,
            in_value: false,
            guarded: 0,
            loops: 0,
            blocks: 0,
            result: None,
            yields: false,
            in_method: false,
            names: 0,
        }
    }

    /// A number no name has yet.
    pub fn number(&mut self) -> u32 {
        self.names += 1;
        self.names
    }

    /// Whether something that raises easily is fine here.
    pub fn risky(&mut self) -> bool {
        let chance = if self.guarded > 0 { 50 } else { 2 };
        self.random.below(1000) < chance
    }

    /// Makes `ty` known under `name` in the innermost scope.
    pub fn declare(&mut self, name: &str, ty: Ty, mutable: bool) {
        let scope = self.scopes.last_mut().expect("a scope is open");
        scope.push(Variable { name: name.to_owned(), ty, mutable });
    }

    /// A name for a new variable: mostly fresh, sometimes one of an outer scope.
    pub fn fresh(&mut self) -> String {
        format!("v{}", self.number())
    }

    /// Fills `@` and `#` of a row.
    pub fn fill(&mut self, sort: Sort, template: &str, operands: &[Ty], depth: u32) -> Node {
        let number = if template.contains('#') { self.number().to_string() } else { String::new() };
        let children = operands.iter().map(|&ty| self.expression(ty, depth)).collect();
        Node::new(sort, &template.replace('#', &number), children)
    }

    /// An expression of type `ty`, at most `depth` rows deep.
    pub fn expression(&mut self, ty: Ty, depth: u32) -> Node {
        let sort = Sort::Expr(ty);
        // Where errors are caught, a constant of any kind may stand for anything but the counter of a recursion.
        let ends = ty != Ty::Int;
        if self.guarded > 0 && ends && self.random.below(1000) < 15 {
            return Node::text(sort, *self.random.pick(CONSTANTS));
        }
        match ty {
            Ty::Key => return self.key(),
            Ty::Pred => return self.lambda(sort, &[Ty::Int], Ty::Bool),
            Ty::Fold => return self.lambda(sort, &[Ty::Int, Ty::Int], Ty::Int),
            Ty::Any if self.in_method || self.random.percent(75) => {
                let ty = *self.random.pick(Ty::STORED);
                return Node::new(sort, "@", vec![self.expression(ty, depth)]);
            }
            _ => {}
        }
        if depth == 0 || self.random.percent(25) {
            return self.leaf(ty);
        }
        if self.random.percent(14)
            && let Some(call) = self.call(ty, depth - 1)
        {
            return call;
        }
        if ty == Ty::Int && !self.in_value && self.random.percent(5) && self.afford(20) {
            self.calls_values = true;
            return self.fill(sort, "@(@)", &[Ty::Func, Ty::Int], depth - 1);
        }
        let risky = self.risky();
        let in_method = self.in_method;
        let usable = |row: &&expressions::Row| {
            let calls = METHODS.iter().any(|call| row.2.contains(call))
                || row.2.starts_with("((Point {")
                || row.3.iter().any(|&ty| matches!(ty, Ty::Any | Ty::Point));
            row.1 == risky && !(in_method && calls)
        };
        let rows: Vec<&expressions::Row> = expressions::rows(ty).iter().filter(usable).collect();
        let total: u32 = rows.iter().map(|row| row.0).sum();
        if total == 0 {
            return self.leaf(ty);
        }
        let mut chosen = self.random.below(total as usize) as u32;
        for row in rows {
            if chosen < row.0 {
                return self.fill(sort, row.2, row.3, depth - 1);
            }
            chosen -= row.0;
        }
        unreachable!("the weights were summed")
    }

    /// Whether so much more work can be done here; if so, it is counted.
    pub fn afford(&mut self, cost: u64) -> bool {
        let work = self.times * cost;
        let fine = work <= MOST_WORK && self.cost + work <= 4 * MOST_WORK && (!self.in_value || work <= 12);
        if fine {
            self.cost += work;
        }
        fine
    }

    /// A call of a function whose result is of type `ty`.
    fn call(&mut self, ty: Ty, depth: u32) -> Option<Node> {
        let fitting: Vec<Signature> =
            self.functions.iter().filter(|f| f.result == ty && !(self.in_value && f.calls_values)).cloned().collect();
        if fitting.is_empty() {
            return None;
        }
        let callee = self.random.pick(&fitting).clone();
        self.afford(callee.cost + 1).then(|| self.call_of(&callee, depth))
    }

    /// A call of `callee`.
    pub fn call_of(&mut self, callee: &Signature, depth: u32) -> Node {
        self.calls_values |= callee.calls_values;
        let mut arguments = Vec::new();
        for (index, &param) in callee.params.iter().enumerate() {
            let argument = self.expression(param, depth.min(2));
            let counts = callee.counts && index == 0;
            arguments.push(if counts { Node::new(Sort::Item, "(@ % 5)", vec![argument]) } else { argument });
        }
        let holes = vec!["@"; arguments.len()].join(", ");
        let call = format!("{}({holes})", callee.name);
        let call = if callee.is_async { format!("(await {call})") } else { call };
        Node::new(Sort::Expr(callee.result), &call, arguments)
    }

    /// A function value whose body is an expression, sometimes with an update of what it captures before.
    fn lambda(&mut self, sort: Sort, params: &[Ty], result: Ty) -> Node {
        let names: Vec<String> = params.iter().map(|_| self.fresh()).collect();
        let scope = names.iter().zip(params).map(|(name, &ty)| Variable { name: name.clone(), ty, mutable: true });
        self.scopes.push(scope.collect());
        let outer = (self.times, self.in_value);
        self.times *= 8;
        self.in_value = true;
        let update = if self.random.percent(25) { self.place(Ty::Int, false) } else { None };
        let update = update.map(|place| format!("{place} += 1 ")).unwrap_or_default();
        let body = self.expression(result, 2);
        (self.times, self.in_value) = outer;
        self.scopes.pop();
        Node::new(sort, &format!("func({}) {{ {update}return @ }}", names.join(", ")), vec![body])
    }

    fn key(&mut self) -> Node {
        if self.guarded == 0 || self.random.percent(50) {
            return Node::text(Sort::Expr(Ty::Key), *self.random.pick(&["\"a\"", "\"b\""]));
        }
        let keys = ["\"a\"", "\"b\"", "\"a\"", "\"b\"", "\"c\"", "\"ü\"", "1", "\"1\"", "-3"];
        Node::text(Sort::Expr(Ty::Key), *self.random.pick(&keys))
    }

    fn leaf(&mut self, ty: Ty) -> Node {
        if self.random.percent(70)
            && let Some(node) = self.read(ty)
        {
            return node;
        }
        self.literal(ty)
    }

    /// A variable or a path into one.
    fn read(&mut self, ty: Ty) -> Option<Node> {
        let wanted = if ty == Ty::Index { Ty::Int } else { ty };
        let variables: Vec<Variable> = self.scopes.iter().flatten().cloned().collect();
        for _ in 0..6 {
            if variables.is_empty() {
                return None;
            }
            // The latest variables are the likeliest.
            let back = self.random.below(variables.len()).min(self.random.below(variables.len()));
            let variable = &variables[variables.len() - 1 - back];
            let (mut now, mut template, mut children) = (variable.ty, variable.name.clone(), Vec::new());
            let mut risk = false;
            for _ in 0..4 {
                if now == wanted {
                    return Some(Node::new(Sort::Expr(ty), &template, children));
                }
                let steps = now.steps();
                if steps.is_empty() {
                    break;
                }
                let (step, next) = *self.random.pick(steps);
                match step {
                    Step::Fixed(text) => template.push_str(text),
                    Step::Index => {
                        template.push_str("[@]");
                        children.push(self.index());
                        risk = true;
                    }
                    Step::Key => {
                        template.push_str("[@]");
                        children.push(self.key());
                        risk = true;
                    }
                }
                now = next;
            }
            if risk && self.guarded == 0 && self.random.percent(60) {
                continue;
            }
            if now == wanted {
                return Some(Node::new(Sort::Expr(ty), &template, children));
            }
        }
        None
    }

    fn index(&mut self) -> Node {
        if self.guarded > 0 && self.random.percent(20) {
            return self.expression(Ty::Index, 1);
        }
        let loop_variable =
            self.scopes.iter().flatten().rev().find(|v| v.name.starts_with('i')).map(|v| v.name.clone());
        if let Some(name) = loop_variable
            && self.random.percent(if self.guarded > 0 { 40 } else { 8 })
        {
            return Node::text(Sort::Expr(Ty::Index), name);
        }
        let indices: &[&str] = if self.guarded > 0 { &["0", "1", "2", "-1", "3", "-9"] } else { &["0", "0", "-1"] };
        Node::text(Sort::Expr(Ty::Index), *self.random.pick(indices))
    }

    /// The text of something of type `ty` that can be changed: a mutable variable or a part of one. Text, because it is repeated.
    pub fn place(&mut self, ty: Ty, deep: bool) -> Option<String> {
        let variables: Vec<Variable> = self.scopes.iter().flatten().filter(|v| v.mutable).cloned().collect();
        for _ in 0..8 {
            if variables.is_empty() {
                return None;
            }
            let back = self.random.below(variables.len()).min(self.random.below(variables.len()));
            let variable = &variables[variables.len() - 1 - back];
            let (mut now, mut text) = (variable.ty, variable.name.clone());
            for _ in 0..4 {
                if now == ty && (!deep || text.contains(['.', '['])) {
                    return Some(text);
                }
                let steps = now.steps();
                if steps.is_empty() {
                    break;
                }
                let (step, next) = *self.random.pick(steps);
                match step {
                    Step::Fixed(fixed) => text.push_str(fixed),
                    Step::Index => {
                        let index = self.index().render();
                        text.push_str(&format!("[{index}]"));
                    }
                    Step::Key => {
                        let key = self.key().render();
                        text.push_str(&format!("[{key}]"));
                    }
                }
                now = next;
            }
            if now == ty {
                return Some(text);
            }
        }
        None
    }

    /// A literal, or the plainest way to build a value of the type.
    pub fn literal(&mut self, ty: Ty) -> Node {
        let sort = Sort::Expr(ty);
        let border = self.random.percent(if self.guarded > 0 { 20 } else { 3 });
        match ty {
            Ty::Int if border => Node::text(sort, *self.random.pick(BORDER_INTS)),
            Ty::Int => Node::text(sort, (self.random.below(12) as i64 - 1).to_string()),
            Ty::Index => Node::text(sort, *self.random.pick(&["0", "1", "2"])),
            Ty::Float if border || self.random.percent(15) => Node::text(sort, *self.random.pick(BORDER_FLOATS)),
            Ty::Float => {
                Node::text(sort, *self.random.pick(&["0.5", "1.5", "2.0", "-0.25", "3.75", "0.1", "4", "10.0"]))
            }
            Ty::Bool => Node::text(sort, *self.random.pick(&["true", "false"])),
            Ty::Str => Node::text(sort, *self.random.pick(TEXTS)),
            Ty::Any | Ty::Key => Node::text(sort, *self.random.pick(&["null", "1", "\"s\"", "true", "0.5"])),
            Ty::Ints => self.array(sort, Ty::Int, 5),
            Ty::Floats => self.array(sort, Ty::Float, 4),
            Ty::Strs => self.array(sort, Ty::Str, 4),
            Ty::Grid => self.array(sort, Ty::Ints, 3),
            Ty::Points => self.array(sort, Ty::Point, 2),
            Ty::Dict => self.fill(sort, "{\"b\": @, \"a\": @}", &[Ty::Int, Ty::Int], 0),
            Ty::Lists => self.fill(sort, "{\"b\": @, \"a\": @}", &[Ty::Ints, Ty::Ints], 0),
            Ty::Point => {
                let template = "(Point { x: @, y: @, name: @, items: @, tags: {\"a\": @, \"b\": 2} })";
                self.fill(sort, template, &[Ty::Int, Ty::Float, Ty::Str, Ty::Ints, Ty::Int], 0)
            }
            Ty::Deep => {
                let operands = [Ty::Grid, Ty::Point, Ty::Lists];
                self.fill(sort, "{\"rows\": @, \"p\": @, \"m\": @}", &operands, 0)
            }
            Ty::Func => self.lambda(sort, &[Ty::Int], Ty::Int),
            Ty::Pred => self.lambda(sort, &[Ty::Int], Ty::Bool),
            Ty::Fold => self.lambda(sort, &[Ty::Int, Ty::Int], Ty::Int),
            Ty::Shape => Node::text(sort, "Shape::Dot"),
            Ty::Opt => Node::text(sort, *self.random.pick(&["None", "Some(3)"])),
            Ty::Res => Node::text(sort, *self.random.pick(&["Ok(4)", "Err(\"no\")"])),
            Ty::Gen => {
                let template = "func*(n#) { for i# in n# % 4 { yield i# + @ } }(@)";
                let yields = std::mem::replace(&mut self.in_value, true);
                let node = self.fill(sort, template, &[Ty::Int, Ty::Int], 0);
                self.in_value = yields;
                node
            }
        }
    }

    fn array(&mut self, sort: Sort, element: Ty, most: usize) -> Node {
        let count = if self.random.percent(4) { 0 } else { 2 + self.random.below(most - 1) };
        let items = (0..count).map(|_| self.leaf_of(element)).collect();
        Node::new(sort, "[@]", vec![Node::sequence(Sort::List, items)])
    }

    fn leaf_of(&mut self, ty: Ty) -> Node {
        if self.random.percent(20) { self.leaf(ty) } else { self.literal(ty) }
    }
}

/// Ints at the ends of the ranges that matter: 64 bits, the inline ints of 50 bits, 32, 31 and 16 bits, exact floats.
const BORDER_INTS: &[&str] = &[
    "9223372036854775807",
    "(-9223372036854775807 - 1)",
    "-9223372036854775807",
    "4611686018427387904",
    "562949953421311",
    "562949953421312",
    "-562949953421312",
    "-562949953421313",
    "1125899906842624",
    "281474976710655",
    "281474976710656",
    "9007199254740993",
    "2147483647",
    "2147483648",
    "-2147483648",
    "-2147483649",
    "4294967296",
    "32767",
    "32768",
    "-32768",
    "-32769",
    "65536",
    "1000000007",
    "3037000500",
];

const BORDER_FLOATS: &[&str] = &[
    "parse_float(\"nan\")",
    "parse_float(\"inf\")",
    "(-1.0 / 1e-300 * 1e300)",
    "-0.0",
    "0.0",
    "1e308",
    "5e-324",
    "1e16",
    "9007199254740992.0",
    "562949953421312.0",
    "0.30000000000000004",
    "-1.5",
    "1e21",
    "1e-7",
];

const TEXTS: &[&str] = &[
    "\"\"",
    "\"a\"",
    "\"b\"",
    "\"abc\"",
    "\"ü\"",
    "\"日本\"",
    "\"x y\"",
    "\"12\"",
    "\"🦀a\"",
    "\"${1 + 1}a\"",
    "\"\\n\"",
    "\"A longer text, beyond what is small\"",
];
