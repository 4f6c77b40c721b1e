//! Whole programs: a struct with methods, globals, functions that call each other, and segments of statements at top level; some of
//! it in modules.

use super::files;
use super::generator::{Generator, Signature, Variable};
use super::shared;
use super::tree::{Node, Sort};
use super::types::Ty;

/// The program of a seed.
pub fn program(seed: u64) -> Node {
    let mut generator = Generator::new(seed);
    let overloads = generator.random.percent(55);
    let structure = generator.structure(overloads);
    if shared::is_small(seed) {
        let parts = std::iter::once(structure).chain(generator.sharing());
        return Node::sequence(Sort::Body, parts.collect());
    }
    let several = files::has_modules(seed);
    let mut parts = if several { files::modules(&mut generator, structure) } else { vec![structure] };
    for _ in 0..2 + generator.random.below(6) {
        parts.push(generator.declaration());
    }
    for _ in 0..1 + generator.random.below(4) {
        parts.push(generator.function());
    }
    for index in 0..generator.functions.len() {
        parts.push(generator.calls(index));
    }
    for _ in 0..1 + generator.random.below(4) {
        generator.cost = 0;
        if generator.random.percent(80) {
            generator.guarded += 1;
            let body = generator.body(6, Vec::new());
            generator.guarded -= 1;
            parts.push(Node::new(Sort::Stmt, "try {@} except error { print(\"caught\", error) }", vec![body]));
        } else {
            for _ in 0..1 + generator.random.below(4) {
                parts.push(generator.statement());
            }
        }
    }
    let globals: Vec<String> = generator.scopes[0].iter().map(|variable| variable.name.clone()).collect();
    let shown = globals.into_iter().map(|name| Node::text(Sort::Item, name)).collect();
    parts.push(Node::new(Sort::Stmt, "print(@)", vec![Node::sequence(Sort::List, shown)]));
    if several {
        parts.extend(files::end(&mut generator));
    }
    Node::sequence(Sort::Body, parts)
}

impl Generator {
    /// The struct: fields that everything relies on, methods with random bodies.
    fn structure(&mut self, overloads: bool) -> Node {
        self.in_method = true;
        let mut items = vec![Node::text(Sort::Item, "x, y = 0.5, name = \"p\", items = [], tags = {}")];
        let mut method = |generator: &mut Generator, signature: &str, params: &[(&str, Ty)], result: Ty, end: &str| {
            let params =
                params.iter().map(|&(name, ty)| Variable { name: name.to_owned(), ty, mutable: true }).collect();
            let body = generator.function_body(params, Some(result), 2);
            items.push(Node::new(Sort::Item, &format!("func {signature} {{@ {end} }}"), vec![body]));
        };
        let own = ("self", Ty::Point);
        let number = ("k", Ty::Int);
        method(self, "moved(self, k)", &[own, number], Ty::Point, "self.x := self.x + k return self");
        method(self, "pushed(self, k)", &[own, number], Ty::Point, "self.items := push(self.items, k) return self");
        method(self, "renamed(self, s)", &[own, ("s", Ty::Str)], Ty::Point, "self.name := s return self");
        let fields = [("x", Ty::Int), ("y", Ty::Float), ("items", Ty::Ints), ("k", Ty::Int)];
        method(self, "total(k)", &fields, Ty::Int, "return x + k + len(items)");
        if overloads {
            let other = ("other", Ty::Point);
            method(self, "op_add(self, other)", &[own, other], Ty::Point, "self.x += 1 return self");
            if self.random.percent(50) {
                method(self, "op_mul(self, k)", &[own, number], Ty::Point, "self.x := self.x * k return self");
                method(self, "op_neg(self)", &[own], Ty::Point, "self.x := -self.x return self");
            }
            if self.random.percent(65) {
                method(self, "op_lt(self, other)", &[own], Ty::Bool, "return self.x < 3");
                method(self, "op_eq(self, other)", &[own], Ty::Bool, "return self.x == 1");
            }
        }
        self.in_method = false;
        let holes = vec!["@"; items.len()].join("\n  ");
        Node::new(Sort::Stmt, &format!("struct Point {{ {holes} }}"), items)
    }

    /// The body of a function of its own; its cost is in `self.cost` afterwards.
    fn function_body(&mut self, params: Vec<Variable>, result: Option<Ty>, count: usize) -> Node {
        (self.times, self.cost, self.calls_values) = (1, 0, false);
        self.in_value = true;
        let globals = self.scopes.split_off(1);
        self.result = result;
        let body = self.body(count, params);
        self.result = None;
        self.scopes.extend(globals);
        self.in_value = false;
        self.cost = self.cost.max(1);
        body
    }

    /// Calls of a function, as often as its cost allows, so that its instructions have seen what they guess from.
    fn calls(&mut self, index: usize) -> Node {
        let callee = self.functions[index].clone();
        let number = self.number();
        let times = (3000 / (callee.cost + 1)).clamp(1, 12);
        let counter = Variable { name: format!("i{number}"), ty: Ty::Int, mutable: false };
        self.scopes.push(vec![counter]);
        self.times = times;
        self.guarded += 1;
        let call = self.call_of(&callee, 2);
        self.guarded -= 1;
        self.times = 1;
        self.scopes.pop();
        let count = Node::text(Sort::Literal, times.to_string());
        let body = Node::sequence(Sort::Body, vec![Node::new(Sort::Stmt, "print(@)", vec![call])]);
        let template = format!("for i{number} in @ {{ try {{@}} except e{number} {{ print(e{number}.message) }} }}");
        Node::new(Sort::Stmt, &template, vec![count, body])
    }

    /// A top-level function; later ones may call it.
    pub fn function(&mut self) -> Node {
        let number = self.number();
        let name = format!("f{number}");
        let kind = self.random.below(10);
        let count = if self.random.percent(15) { 6 + self.random.below(5) } else { self.random.below(4) };
        let mut params: Vec<Ty> = (0..count).map(|_| *self.random.pick(Ty::STORED)).collect();
        let mut result = match kind {
            7 => Ty::Gen,
            8 => Ty::Int,
            _ => *self.random.pick(Ty::STORED),
        };
        let counts = kind == 9;
        if counts {
            params.insert(0, Ty::Int);
            if self.random.percent(30) {
                params.truncate(1);
                result = Ty::Int;
            }
        }
        let names: Vec<String> = (0..params.len()).map(|index| format!("p{number}_{index}")).collect();
        let variables: Vec<Variable> = names
            .iter()
            .zip(&params)
            .enumerate()
            .map(|(index, (name, &ty))| Variable { name: name.clone(), ty, mutable: !(counts && index == 0) })
            .collect();
        (self.times, self.cost, self.calls_values) = (1, 0, false);
        let outer = self.scopes.split_off(1);
        (self.result, self.yields) = (Some(result), kind == 7);
        let body = self.body(6, variables.clone());
        // The result is computed in the scope of the parameters.
        self.scopes.push(variables);
        let value = if kind == 7 { self.expression(Ty::Int, 2) } else { self.expression(result, 3) };
        let mut arguments: Vec<Node> = Vec::new();
        if counts {
            for &ty in &params[1..] {
                arguments.push(self.expression(ty, 1));
            }
        }
        self.scopes.truncate(1);
        (self.result, self.yields) = (None, false);
        self.scopes.extend(outer);
        let cost = if counts { self.cost * 5 + 5 } else { self.cost + 1 };
        let holes: String = arguments.iter().map(|_| ", @").collect();
        let (word, end) = match kind {
            7 => ("func*", "yield @".to_owned()),
            8 => ("async func", "return @".to_owned()),
            9 => {
                let again = format!("{name}({} - 1{holes})", names[0]);
                let first = names[0].clone();
                let end = match result {
                    Ty::Int | Ty::Float => format!("if {first} <= 0 {{ return @ }} return {again}"),
                    _ => format!("if {first} <= 0 {{ return @ }} r{number} := {again} return r{number}"),
                };
                ("func", end)
            }
            _ => ("func", "return @".to_owned()),
        };
        // What stops a recursion stands at the start, too: such functions are called in a way of their own.
        let given = names.iter().zip(&params).skip(1).find(|&(_, &ty)| ty == result).map(|(name, _)| name);
        let given = given.or(names.first().filter(|_| counts && result == Ty::Int));
        let early = match given {
            Some(given) if counts => {
                let test = *self.random.pick(&["<= 0", "< 1", "== 0", "< 2"]);
                format!("\n  if {} {test} {{ return {given} }}", names[0])
            }
            _ => String::new(),
        };
        let template = format!("{word} {name}({}) {{{early}@\n  {end}\n}}", names.join(", "));
        let mut children = vec![body, value];
        children.extend(arguments);
        let calls_values = self.calls_values;
        self.functions.push(Signature { name, params, result, cost, calls_values, is_async: kind == 8, counts });
        self.cost = 0;
        Node::new(Sort::Stmt, &template, children)
    }
}
