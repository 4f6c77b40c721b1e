//! Statements in the shapes that get handlers of their own: what the loader finds as a sequence, what the emitter writes a prefix for.
//! Random nesting meets them too rarely, and their ways out hardly ever.
//!
//! Templates are those of `idioms.rs`.

use super::types::Ty::{self, *};

/// The rows: template, types of the operands.
pub const SHAPES: &[(&str, &[Ty])] = &[
    // Elements looked at in loops (`filter.rs`): not only bools, behind the end, before the start.
    (
        "func w#() { a# := [true, @, false, 1, @, true] for n# in [4, 6, 7] { mut o# := [] \
         try { for i# in n# { if a#[i#] { o# := push(o#, i#) } } print(o#) for i# in n# { if !a#[i#] { o# := push(o#, i#) } } } \
         except e# { print(e#.message) } print(o#) } } w#()",
        &[Bool, Bool],
    ),
    (
        "func w#(x#, y#) { mut a# := [true, x#, false, y#, true, x#] mut b# := [y#, true, x#, 1, true] \
         f# := func(n#, k#) { mut o# := [] try { for i# in n# { if a#[i#] && b#[i# + k#] { o# := push(o#, i#) a#[i#] := true b#[0] := true } } } \
         except e# { print(e#.message) } return o# } \
         print(f#(4, 0), f#(6, 1), f#(3, 3), f#(4, -1), f#(7, 0)) a#[1] := \"x\" print(f#(5, 0)) } w#(@, @) w#(true, true)",
        &[Bool, Bool],
    ),
    // A field changed by several operands (`prefix.rs`).
    (
        "func w#() { mut p# := Point { x: @, y: @, name: @ } for q# in 3 { p#.x := p#.x + 3 + q# p#.y := p#.y - 0.25 - 0.5 p#.x := p#.x * 2 * 3 } print(p#) } w#()",
        &[Int, Float, Str],
    ),
    (
        "func w#() { mut a# := [Point { x: @ }, Point { x: 2 }] mut g# := [[1, @]] for q# in 3 { a#[1].x := a#[1].x + 3 + q# a#[0].x += q# g#[0][1] := g#[0][1] - 3 - 4 } \
         print(a#, g#) } w#()",
        &[Int, Int],
    ),
    // A match whose tests stand before it (`switch.rs`).
    (
        "func w#() { mut q# := 0 while q# < 3 && (len(\"ab\") == 2 || @) { q# += 1 match @ { case Shape::Circle(a#) if @ { print(a#) } \
         case Shape::Rect(a#, b#) {} case Shape::Named(c#, _): { print(c#) } default {} } } } w#()",
        &[Bool, Shape, Bool],
    ),
    // Calls that borrow the closure (`sequence.rs`).
    (
        "f# := func(v#) { return v# + @ } g# := func(v#) { return v# * 3 } for q# in 3 { h# := f# r# := g#(q#) k# := g# print(r#, h#(q#), k#(1), f#(h#(2))) }",
        &[Int],
    ),
    (
        "n# := @ f# := func(v#) { return [v#, n#] } for q# in 2 { try { print(f#()) } except e# { print(e#.message) } \
         try { print(f#(q#, 2)) } except e# { print(e#.message) } x# := q# try { print(f#(x#, x#, 3)) } except e# { print(e#.message) } }",
        &[Int],
    ),
    (
        "func w#() { n# := @ f# := func(v#) { return [n#, 1] } g# := func(v#) { return [n#, 3] } for q# in 2 { print(g#(f#), f#(g#), g#(g#)) } print(f#(0), g#(0)) } w#()",
        &[Int],
    ),
    (
        "func w#() { m# := func(n#) { s# := [n#] return async func() { await sleep(1) return s# } } mut t# := [] \
         for i# in 3 { c# := m#(i#) t# := push(t#, c#()) print(is_function(c#)) } print(await promise_all(t#)) } w#()",
        &[],
    ),
    (
        "m# := func(n#) { s# := [n#] return async func(v#) { await sleep(1) return [s#, v#] } } mut t# := [] \
         for i# in 3 { c# := m#(i#) t# := push(t#, c#(@)) } print(await promise_all(t#))",
        &[Int],
    ),
    // Elements compared on the right, and exchanged (`scan.rs`).
    (
        "func w#() { a# := [@, @, 3, 0.5] mut m# := @ mut c# := 0 for i# in 4 { if m# < a#[i#] { m# := a#[i#] } if m# >= a#[i#] { c# += 1 } if 3 == a#[i#] { c# += 10 } } \
         print(m#, c#) } w#()",
        &[Int, Int, Int],
    ),
    (
        "func s#(a#, n#) { mut b# := a# for i# in n# { j# := n# - i# t# := b#[i#] b#[i#] := b#[j#] b#[j#] := t# u# := b#[0] w# := b#[n#] b#[0] := w# b#[n#] := u# } return b# } \
         try { print(s#([1, 2, @, 4], 3), s#(@, 2)) } except e# { print(e#.message) }",
        &[Int, Ints],
    ),
];
