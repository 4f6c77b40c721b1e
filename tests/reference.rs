//! The reference interpreter on a small native stack: nothing a program does may use more of it, nothing may be left behind, and what
//! must not copy does not.

use ruff::base::source::SourceMap;
use ruff::engine::pipeline::Outcome;
use ruff::engine::tree;
use ruff::runtime::heap;
use ruff::runtime::host::Host;

/// Less than any recursion over what the programs nest could do with.
const STACK: usize = 256 * 1024;

/// What a program prints, run on a stack of [`STACK`] bytes; nothing may be alive afterwards.
#[track_caller]
fn printed(text: &str) -> String {
    let text = text.to_owned();
    let run = move || {
        let mut sources = SourceMap::new();
        let main = sources.add("program.ruff", text).unwrap();
        let mut host = Host::captured("");
        let outcome = tree::run(&mut sources, main, &mut host).expect("a correct program");
        assert_eq!(outcome, Outcome::Finished);
        (host.take_output(), heap::live_objects())
    };
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(run).unwrap();
    let ((out, err), alive) = thread.join().unwrap();
    assert_eq!((err.as_str(), alive), ("", 0));
    out
}

#[test]
fn calls_nest_up_to_the_limit_and_no_further() {
    let text = "
mut depth := 0
func f(n) { depth := n  return [{\"k\": 1 + (2 * f(n + 1))}] }
try { f(1) } except e { print(e.message, len(e.stack)) }
struct S { v  func op_add(self, n) { depth := n  return self + (n + 1) } }
print(depth)
try { S { v: 1 } + 1 } except e { print(e.message) }
print(depth)
";
    let message = "Maximum call stack depth of 100000 exceeded while calling";
    assert_eq!(printed(text), format!("{message} f 100000\n100000\n{message} S.op_add\n100000\n"));
}

#[test]
fn chains_of_suspended_generators_are_dropped_one_by_one() {
    let text = "
func* through(source) { for x in source { yield x } }
func* numbers() { mut i := 0  loop { yield i  i += 1 } }
mut g := numbers()
for i in range(50000) {
  g := through(g)
  if i % 1000 == 0 { g.next() }
}
g := null
print(\"dropped\")
";
    assert_eq!(printed(text), "dropped\n");
}

#[test]
fn generators_that_hold_themselves_and_tasks_that_never_end_are_gone_after_the_run() {
    let text = "
func* own() { mut me := null  yield func(g) { me := g }  yield me }
for i in range(100) {
  g := own()
  match g.next() { case Some(set) { set(g) } }
}
c := channel()
async func waits(n) { kept := [n, c]  return c.receive() + len(kept) }
for i in range(10000) { waits(i) }
spawn { held := [1, 2]  c.receive() }
func loops() { let f := func(n) { return f }  return f }
for i in range(1000) { loops() }
print(\"done\")
";
    assert_eq!(printed(text), "done\n");
}

#[test]
fn ten_thousand_tasks_take_turns() {
    let text = "
c := channel()
async func worker(n) { sleep(0)  c.send(n)  return n }
mut all := []
for i in range(10000) { all := push(all, worker(i)) }
values := await promise_all(all)
mut sum := 0
for i in range(10000) { sum += c.receive() }
print(sum, len(values), values[9999])
";
    assert_eq!(printed(text), "49995000 10000 9999\n");
}

#[test]
fn updates_of_one_variable_do_not_copy() {
    let grows = "
mut a := []
mut d := {\"list\": []}
mut s := \"\"
func more(i) { a := push(a, i)  s := s + \"some text\" + \"!\"  s += \"more\" }
for i in range(3000) {
  more(i)
  d.list := push(d.list, i)
  d[\"list\"][0] := i
  a[0] := i
}
print(len(a), len(d.list), len(s), a[0] + d.list[0])
";
    let copies = |text: &str| {
        let before = heap::stats().copies_on_write;
        let mut sources = SourceMap::new();
        let main = sources.add("program.ruff", text).unwrap();
        let mut host = Host::captured("");
        assert_eq!(tree::run(&mut sources, main, &mut host), Ok(Outcome::Finished));
        assert_eq!(host.take_output().0, "3000 3000 42000 5998\n");
        heap::stats().copies_on_write - before
    };
    assert!(copies(grows) < 10, "{}", copies(grows));
}
