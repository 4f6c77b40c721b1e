//! Data with shared parts, compared, hashed, printed; tasks, their rejections, and who waits for them; misspelt names, whose hints are
//! compared with the errors.
//!
//! Templates are those of `idioms.rs`. Data doubles at most twelve times, so that what is written in full stays short.

use super::types::Ty::{self, *};

/// The rows: whether it may end the program, template, types of the operands.
pub const ROWS: &[(bool, &str, &[Ty])] = &[
    // Shared parts.
    (
        false,
        "func w#(v#) { mut a# := [v#] mut b# := [v#] for i# in 11 { a# := [a#, a#] b# := [b#, b#] } \
         print(a# == a#, a# == b#, [a#] == [b#], contains([[a#]], a#), len(Set([a#, b#])), len(unique([a#, b#, a#]))) \
         b#[1][0][1] := @ print(a# == b#, b# == b#, len(Set([a#, b#]))) } w#(@) w#(parse_float(\"nan\"))",
        &[Any, Any],
    ),
    (
        false,
        "func w#() { mut p# := Point { x: @, items: [] } for i# in 7 { p# := Point { x: p#.x, items: [p#, p#] } } q# := p# \
         print(p# == q#, len(\"${p#}\"), len(to_string([p#, q#])), Set([p#, q#, p#])|> len) \
         mut r# := q# r#.items[0].items[1].x := @ print(r# == p#, q# == p#, r#.items[0] == r#.items[1]) } w#()",
        &[Int, Any],
    ),
    (
        false,
        "func w#() { mut d# := {\"k\": @} for i# in 8 { d# := {\"l\": d#, \"r\": d#, \"n\": i#} } e# := {...d#} \
         print(d# == e#, len(to_json(d#)), len(to_json_pretty(e#)), len(\"${d#}\")) \
         print(parse_json(to_json(d#)) == d#, d#.l == d#.r) mut f# := e# f#.l.r.n := 99 print(f# == d#, f#.l == d#.l, f#.r == d#.r) } w#()",
        &[Int],
    ),
    (
        false,
        "func w#(v#) { s# := Some(v#) mut t# := Shape::Rect(s#, s#) for i# in 7 { t# := Shape::Rect(t#, Ok(t#)) } \
         print(t# == t#, len(to_string(t#)), [t#] == [t#], len(Set([t#, t#, s#])), Queue([t#, s#]) == Queue([t#, s#]), Set([t#]) == Set([t#])) } \
         w#(@) w#(func() { return 1 }) w#(channel())",
        &[Any],
    ),
    (
        true,
        "func w#() { mut a# := [@, 1] mut b# := [@, 1] for i# in 6 { a# := [a#, {\"k\": a#}] b# := [b#, {\"k\": b#}] } assert_equal(a#, b#) } w#()",
        &[Any, Any],
    ),
    (true, "assert_equal([{\"a\": @}, @], [{\"a\": @, \"b\": 1}, @])", &[Any, Any, Any, Any]),
    (true, "assert_equal(Point { x: @, name: @ }, Point { x: @, name: @, z: 1 })", &[Any, Str, Any, Str]),
    (true, "assert_equal(repeat(@, 9) + \"x\", repeat(@, 9))", &[Str, Str]),
    (true, "assert_contains([@, @], @)", &[Int, Int, Any]),
    // Tasks and rejections.
    (
        false,
        "async func r#(k#) { if k# == 0 { await async_sleep(1) throw(@) } return await r#(k# - 1) } \
         try { print(await r#(9)) } except e# { print(e#.message, len(e#.stack), e#.line) }",
        &[Any],
    ),
    (
        false,
        "p# := async func() { await async_sleep(1) return [1][@] }() mut q# := [] \
         for i# in 3 { q# := push(q#, async func() { return [i#, await p#] }()) } \
         for x# in q# { try { print(await x#) } except e# { print(e#.message, e#.line) } } try { print(await promise_all(q#)) } except e# { print(e#) }",
        &[Index],
    ),
    (
        false,
        "async func r#(x#) { try { await async_sleep(0) if x# > 1 { throw(\"in ${x#}\") } return await async func() { return x# / (x# - 1) }() } \
         except e# { if x# == 3 { throw(e#) } return e#.message } } for i# in 4 { try { print(await r#(i#), await r#(@)) } except e# { print(e#.message, e#.stack) } }",
        &[Int],
    ),
    (
        false,
        "try { print(await parallel_map([1, 0, @], func(x#) { return 6 / x# }, 2)) } except e# { print(e#.message) } \
         print(await parallel_map([1, 2, 3], async func(x#) { await async_sleep(0) return [x#, @] }))",
        &[Int, Any],
    ),
    (
        false,
        "t# := spawn_task(async func() { await async_sleep(1) return @ }) u# := spawn_task(async func() { await async_sleep(200) return 1 }) \
         print(cancel_task(u#), await await_task(t#)) try { print(await await_task(u#)) } except e# { print(e#.message) }",
        &[Any],
    ),
    (
        false,
        "c# := channel() p# := async func() { return c#.receive() }() try { print(await async_timeout(p#, 1)) } except e# { print(e#.message) } \
         c#.send(@) try { print(await p#, await async_timeout(p#, 50)) } except e# { print(e#.message) }",
        &[Any],
    ),
    (false, "spawn { x# := @ throw(\"lost ${x#}\") } sleep(1)", &[Int]),
    (false, "async func u#() { await async_sleep(0) return @[7] } v# := u#() sleep(2) print(v#)", &[Ints]),
    (true, "async func u#(k#) { if k# > 0 { return await u#(k# - 1) } return @.widht } print(await u#(3))", &[Point]),
    (true, "p# := async func() { return @[@] }() sleep(1) print(await p#)", &[Ints, Index]),
    // Misspelt names.
    (true, "prnt(@)", &[Any]),
    (true, "func f#(value#) { return valeu# + @ } print(f#(@))", &[Int, Int]),
    (true, "print(@.lenght, 1)", &[Any]),
    (true, "print(@.movde(@))", &[Point, Int]),
    (true, "print(@.nmae)", &[Point]),
    (
        true,
        "struct Q# { width, height func area(self) { return self.width } } q# := Q# { width: @, height: 1 } print(q#.wdith, q#.aera())",
        &[Int],
    ),
    (true, "print(lenn(@), to_uper(@))", &[Ints, Str]),
    (true, "import sied", &[]),
    (true, "from lib import staet, Point", &[]),
    (true, "func g#(a#, b#) { return a# } print(g#(@), Q#(1))", &[Any]),
];
