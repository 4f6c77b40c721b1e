//! THE opcode table. A row is the opcode: name, handler family, operands a b c, literal words, meaning.
//!
//! An instruction is 16 bytes, `{handler: u64, op: u16, a: u16, b: u16, c: u16}`, followed by its literal words:
//!
//! | operand | is |
//! |---|---|
//! | `Dst` | a register written; dead before |
//! | `Src` | a register read; a drop flag of the instruction (`op.rs`) says that its reference dies here |
//! | `View` | a register read; its reference stays |
//! | `Take` | a register read; its reference moves into the instruction |
//! | `Cell`, `Loop` | as `View`: a cell, the state of a loop |
//! | `Mod` | a register read, changed and written |
//! | `Window` | the first register of a call window |
//! | `Imm` | a signed 16-bit number |
//! | `Int32` | a signed 32-bit number in b and c |
//! | `Index`, `Count` | an unsigned number; `Count` is the length of the register list |
//! | `Builtin` | a row of the builtin table |
//! | `Length` | the number of words of the instruction |
//! | `Global` | a global slot, 32 bits in b and c |
//! | `Jump` | signed distance in words from the instruction's start, 16 bits |
//! | `Jump32` | the same, 32 bits in b and c |
//!
//! Literal words: `Literal` is one patched word (a value or an address); `List` packs four registers a word; `LiteralList` is both;
//! `Jump` is a jump distance in words (an address, once loaded); `RegisterJump` a register in the low 16 bits and a distance in the others; `Cached` is one patched
//! word and two that are zero until the machine remembers something there; `Table` is a jump distance, then c times a literal
//! and a jump distance (addresses, once loaded). `Path` is a word with the kinds of the steps, the number of the path description and
//! the number of the global ([`PathWord`](super::program::PathWord)), then `List`, then for each field step, the last one first, its
//! name as in `Cached`.

/// Calls `$with! { rows }` with every row of the table.
#[macro_export]
#[doc(hidden)]
macro_rules! for_each_opcode {
    ($with:path) => { $with! {
    // Data.
    move_value data (Dst, Take, None) None "a := b; b is dead afterwards";
    copy_value data (Dst, View, None) None "a := b with a second reference";
    drop_value data (Take, None, None) None "gives the reference in a up";
    load data (Dst, None, None) Literal "a := literal that is not counted";
    load_counted data (Dst, None, None) Literal "a := literal on the heap, with a second reference";
    load_int data (Dst, Int32, None) None "a := the number in b and c";
    closure data (Dst, None, Count) LiteralList "a := closure of the literal function over the listed registers";
    capture_get data (Dst, Index, None) None "a := captured value b of the running closure";
    capture_borrow data (Dst, Index, None) None "a := captured value b of the running closure, which keeps it";
    captures_borrow data (Dst, Index, Index) None "a and further registers := c captured values from b on, which the running closure keeps";
    cell_new data (Dst, Take, None) None "a := new cell holding b";
    cell_get data (Dst, Cell, None) Literal "a := content of cell b; raises if undefined (literal: name)";
    cell_borrow data (Dst, Cell, None) Literal "as cell_get, without a reference: the cell keeps it";
    cell_peek data (Dst, Cell, None) None "a := content of cell b, perhaps undefined";
    cell_set data (Cell, Take, None) None "cell a := b, which moves";
    global_get data (Dst, Global, None) None "a := global; raises if undefined";
    global_borrow data (Dst, Global, None) None "as global_get, without a reference: the global keeps it";
    global_peek data (Dst, Global, None) None "a := global, perhaps undefined";
    global_set data (Take, Global, None) None "global := a, which moves";
    is_undef data (Dst, View, None) None "a := whether b is the undefined mark";
    check_defined data (None, View, None) Literal "raises if b is the undefined mark (literal: name)";
    is_null data (Dst, Src, None) None "a := whether b is null";
    is_done data (Dst, View, None) None "a := whether b is the exhausted mark";
    truthy data (Dst, Src, None) None "a := truthiness of b";
    format data (Dst, None, Count) List "a := texts of the listed registers, concatenated";
    // Arithmetic.
    add arith (Dst, Src, Src) None "a := b + c";
    add_i arith (Dst, Src, Imm) None "a := b + immediate";
    add_k arith (Dst, Src, None) Literal "a := b + literal";
    sub arith (Dst, Src, Src) None "a := b - c";
    sub_i arith (Dst, Src, Imm) None "a := b - immediate";
    sub_k arith (Dst, Src, None) Literal "a := b - literal";
    mul arith (Dst, Src, Src) None "a := b * c";
    mul_i arith (Dst, Src, Imm) None "a := b * immediate";
    mul_k arith (Dst, Src, None) Literal "a := b * literal";
    div arith (Dst, Src, Src) None "a := b / c";
    div_i arith (Dst, Src, Imm) None "a := b / immediate";
    div_k arith (Dst, Src, None) Literal "a := b / literal";
    rem arith (Dst, Src, Src) None "a := b % c";
    rem_i arith (Dst, Src, Imm) None "a := b % immediate";
    rem_k arith (Dst, Src, None) Literal "a := b % literal";
    neg arith (Dst, Src, None) None "a := -b";
    not arith (Dst, Src, None) None "a := !b";
    // Comparison, as a value.
    lt compare (Dst, Src, Src) None "a := b < c";
    lt_i compare (Dst, Src, Imm) None "a := b < immediate";
    lt_k compare (Dst, Src, None) Literal "a := b < literal";
    le compare (Dst, Src, Src) None "a := b <= c";
    le_i compare (Dst, Src, Imm) None "a := b <= immediate";
    le_k compare (Dst, Src, None) Literal "a := b <= literal";
    gt compare (Dst, Src, Src) None "a := b > c";
    gt_i compare (Dst, Src, Imm) None "a := b > immediate";
    gt_k compare (Dst, Src, None) Literal "a := b > literal";
    ge compare (Dst, Src, Src) None "a := b >= c";
    ge_i compare (Dst, Src, Imm) None "a := b >= immediate";
    ge_k compare (Dst, Src, None) Literal "a := b >= literal";
    eq compare (Dst, Src, Src) None "a := b == c";
    eq_i compare (Dst, Src, Imm) None "a := b == immediate";
    eq_k compare (Dst, Src, None) Literal "a := b == literal";
    ne compare (Dst, Src, Src) None "a := b != c";
    ne_i compare (Dst, Src, Imm) None "a := b != immediate";
    ne_k compare (Dst, Src, None) Literal "a := b != literal";
    // Compare and branch.
    jump_lt branch (Src, Src, Jump) None "goes to c if a < b";
    jump_lt_i branch (Src, Imm, Jump) None "goes to c if a < immediate";
    jump_lt_k branch (Src, None, Jump) Literal "goes to c if a < literal";
    jump_not_lt branch (Src, Src, Jump) None "goes to c unless a < b";
    jump_not_lt_i branch (Src, Imm, Jump) None "goes to c unless a < immediate";
    jump_not_lt_k branch (Src, None, Jump) Literal "goes to c unless a < literal";
    jump_le branch (Src, Src, Jump) None "goes to c if a <= b";
    jump_le_i branch (Src, Imm, Jump) None "goes to c if a <= immediate";
    jump_le_k branch (Src, None, Jump) Literal "goes to c if a <= literal";
    jump_not_le branch (Src, Src, Jump) None "goes to c unless a <= b";
    jump_not_le_i branch (Src, Imm, Jump) None "goes to c unless a <= immediate";
    jump_not_le_k branch (Src, None, Jump) Literal "goes to c unless a <= literal";
    jump_gt branch (Src, Src, Jump) None "goes to c if a > b";
    jump_gt_i branch (Src, Imm, Jump) None "goes to c if a > immediate";
    jump_gt_k branch (Src, None, Jump) Literal "goes to c if a > literal";
    jump_not_gt branch (Src, Src, Jump) None "goes to c unless a > b";
    jump_not_gt_i branch (Src, Imm, Jump) None "goes to c unless a > immediate";
    jump_not_gt_k branch (Src, None, Jump) Literal "goes to c unless a > literal";
    jump_ge branch (Src, Src, Jump) None "goes to c if a >= b";
    jump_ge_i branch (Src, Imm, Jump) None "goes to c if a >= immediate";
    jump_ge_k branch (Src, None, Jump) Literal "goes to c if a >= literal";
    jump_not_ge branch (Src, Src, Jump) None "goes to c unless a >= b";
    jump_not_ge_i branch (Src, Imm, Jump) None "goes to c unless a >= immediate";
    jump_not_ge_k branch (Src, None, Jump) Literal "goes to c unless a >= literal";
    jump_eq branch (Src, Src, Jump) None "goes to c if a == b";
    jump_eq_i branch (Src, Imm, Jump) None "goes to c if a == immediate";
    jump_eq_k branch (Src, None, Jump) Literal "goes to c if a == literal";
    jump_not_eq branch (Src, Src, Jump) None "goes to c unless a == b";
    jump_not_eq_i branch (Src, Imm, Jump) None "goes to c unless a == immediate";
    jump_not_eq_k branch (Src, None, Jump) Literal "goes to c unless a == literal";
    jump_ne branch (Src, Src, Jump) None "goes to c if a != b";
    jump_ne_i branch (Src, Imm, Jump) None "goes to c if a != immediate";
    jump_ne_k branch (Src, None, Jump) Literal "goes to c if a != literal";
    jump_not_ne branch (Src, Src, Jump) None "goes to c unless a != b";
    jump_not_ne_i branch (Src, Imm, Jump) None "goes to c unless a != immediate";
    jump_not_ne_k branch (Src, None, Jump) Literal "goes to c unless a != literal";
    // Control.
    jump control (None, Jump32, None) None "goes to the target";
    jump_if control (Src, Jump32, None) None "goes to the target if a is truthy";
    jump_if_not control (Src, Jump32, None) None "goes to the target unless a is truthy";
    jump_null control (Src, Jump32, None) None "goes to the target if a is null";
    jump_not_null control (Src, Jump32, None) None "goes to the target unless a is null";
    jump_undef control (View, Jump32, None) None "goes to the target if a is the undefined mark";
    jump_not_undef control (View, Jump32, None) None "goes to the target unless a is the undefined mark";
    step_lt control (Mod, View, View) Jump "a += b; goes to the target if a < c";
    step_i_lt control (Mod, Imm, View) Jump "a += immediate b; goes to the target if a < c";
    step_i_lt_i control (Mod, Imm, Imm) Jump "a += immediate b; goes to the target if a < immediate c";
    step_le control (Mod, View, View) Jump "a += b; goes to the target if a <= c";
    step_i_le control (Mod, Imm, View) Jump "a += immediate b; goes to the target if a <= c";
    step_i_le_i control (Mod, Imm, Imm) Jump "a += immediate b; goes to the target if a <= immediate c";
    step_gt control (Mod, View, View) Jump "a += b; goes to the target if a > c";
    step_i_gt control (Mod, Imm, View) Jump "a += immediate b; goes to the target if a > c";
    step_i_gt_i control (Mod, Imm, Imm) Jump "a += immediate b; goes to the target if a > immediate c";
    step_ge control (Mod, View, View) Jump "a += b; goes to the target if a >= c";
    step_i_ge control (Mod, Imm, View) Jump "a += immediate b; goes to the target if a >= c";
    step_i_ge_i control (Mod, Imm, Imm) Jump "a += immediate b; goes to the target if a >= immediate c";
    throw control (View, None, None) None "throws a";
    raise control (None, None, None) Literal "raises the error with the literal message";
    import_cycle control (None, None, None) Literal "raises the error of an import that leads back to the module of the literal name";
    resume control (None, None, None) None "raises the error that led here again";
    caught control (Dst, None, None) None "a := the error being handled";
    halt control (None, None, None) None "leaves the dispatch loop";
    // Containers.
    index_get index (Dst, View, Src) None "a := b[c]";
    index_get_i index (Dst, View, Imm) None "a := b[immediate]";
    index_get_k index (Dst, View, None) Literal "a := b[literal]";
    index_borrow index (Dst, View, Src) None "as index_get, without a reference: b keeps it";
    index_borrow_i index (Dst, View, Imm) None "as index_get_i, without a reference: b keeps it";
    index_borrow_k index (Dst, View, None) Literal "as index_get_k, without a reference: b keeps it";
    set_index index (Mod, Src, Take) None "a[b] := c, which moves";
    set_index_k index (Mod, Src, None) Literal "a[b] := literal that is not counted";
    set_path index (Mod, Length, Count) Path "path of a := first listed register; the others are keys";
    update_path index (Mod, Length, Count) Path "path of a changed by the path's operation and the first listed register; then keys, then further operands";
    cell_set_path index (Cell, Length, Count) Path "as set_path, on the content of cell a";
    cell_update_path index (Cell, Length, Count) Path "as update_path, on the content of cell a";
    global_set_path index (None, Length, Count) Path "as set_path, on the path's global";
    global_update_path index (None, Length, Count) Path "as update_path, on the path's global";
    vacate index (Mod, Length, Count) Path "takes the first listed register out of path of a, if that has this very object; then keys";
    cell_vacate index (Cell, Length, Count) Path "as vacate, on the content of cell a";
    global_vacate index (None, Length, Count) Path "as vacate, on the path's global";
    restore index (Mod, Length, Count) Path "puts the first listed register back where vacate has taken it out; then keys";
    cell_restore index (Cell, Length, Count) Path "as restore, on the content of cell a";
    global_restore index (None, Length, Count) Path "as restore, on the path's global";
    array_new index (Dst, None, Count) List "a := array of the listed registers, which move";
    array_extend index (Mod, None, Count) List "appends the listed registers, which move, to array a";
    array_push index (Mod, Take, None) None "appends b, which moves, to array a";
    array_push_k index (Mod, None, None) Literal "appends the literal, which is not counted, to array a";
    array_spread index (Mod, Src, None) None "appends the elements of b to array a";
    dict_new index (Dst, None, Count) List "a := dict of the listed keys and values, which move";
    dict_extend index (Mod, None, Count) List "stores the listed keys and values, which move, in dict a";
    dict_spread index (Mod, Src, None) None "stores the entries of b in dict a";
    // Structs.
    struct_new structure (Dst, None, Count) LiteralList "a := struct of the literal shape with the listed registers, which move";
    struct_fill structure (Mod, None, None) None "gives struct a the declared defaults it lacks, one call for each";
    struct_declare structure (None, None, Count) LiteralList "declares the literal struct: the listed registers, which move, are its members";
    field_get structure (Dst, View, None) Cached "a := b.name";
    field_borrow structure (Dst, View, None) Cached "as field_get, without a reference: b keeps it";
    field_get_optional structure (Dst, View, None) Cached "a := b?.name";
    field_peek structure (Dst, View, None) Literal "a := field of struct b, or the undefined mark";
    set_field structure (Mod, Take, None) Cached "a.name := b, which moves";
    // Calls. Window a: depth or result, callee, saved base, return address, arguments.
    call call (Window, Index, None) None "calls the callable in window a with b arguments";
    call_direct call (Window, None, None) Literal "calls the literal function in window a";
    call_method call (Window, Index, None) Cached "calls method literal of the first argument in window a, with b arguments, the receiver included";
    call_builtin call (Dst, Builtin, Count) List "a := builtin b of the listed registers";
    return_value call (Take, None, None) None "leaves the function with a";
    return_literal call (None, None, None) Literal "leaves the function with a literal";
    return_closure call (Take, None, None) None "leaves a closure with a, giving the closure up";
    return_closure_literal call (None, None, None) Literal "leaves a closure with a literal";
    finish_operator call (Window, None, None) None "where methods that operators call return to: the rest of the operator";
    check_stack call (None, Int32, None) None "raises unless the given number of registers is left on the stack";
    // Tagged values, results, options; destructuring.
    tagged_new tagged (Dst, None, Count) LiteralList "a := value of the literal tag over the listed registers, which move";
    is_tag tagged (Dst, View, None) Literal "a := whether b has the literal tag";
    is_text tagged (Dst, View, None) Literal "a := whether b is the literal string";
    jump_tag tagged (View, None, Jump) Literal "goes to c if a has the literal tag";
    jump_not_tag tagged (View, None, Jump) Literal "goes to c unless a has the literal tag";
    jump_text tagged (View, None, Jump) Literal "goes to c if a is the literal string";
    jump_not_text tagged (View, None, Jump) Literal "goes to c unless a is the literal string";
    part_get tagged (Dst, View, Index) None "a := payload or element c of b, or null";
    part_count tagged (Dst, View, None) None "a := number of payloads of b";
    try_unwrap tagged (Dst, View, None) None "a := content of b, or the undefined mark; raises if b is no result or option";
    expect_array tagged (None, View, None) None "raises unless b is an array";
    expect_dict tagged (None, View, None) None "raises unless b is a dict";
    array_rest tagged (Dst, View, Index) None "a := elements of array b from c on";
    dict_without tagged (Mod, None, None) Literal "removes entry literal from dict a";
    // Prefixes: the common case of the instructions that follow, which are skipped then and do the same in general.
    quick_call_add call (Window, View, Index) Literal "argument (high byte of c) := b + (low byte of c); calls the literal function; skips two";
    quick_return_lt_i call (View, Imm, Take) None "leaves the function with c if a < immediate; else skips the branch and the return that follow, and a drop between them if flagged";
    quick_return_le_i call (View, Imm, Take) None "leaves the function with c if a <= immediate; else as quick_return_lt_i";
    quick_return_eq_i call (View, Imm, Take) None "leaves the function with c if a == immediate; else as quick_return_lt_i";
    quick_return_add call (None, View, View) None "leaves the function with b + c";
    quick_return_sub call (None, View, View) None "leaves the function with b - c";
    quick_return_mul call (None, View, View) None "leaves the function with b * c";
    quick_test_index prefix (View, View, Index) Jump "if a[b] is a bool: goes to the target if that is c, else skips the read and the branch";
    quick_cell_test_index prefix (Cell, View, Index) Jump "as quick_test_index, of the content of cell a";
    quick_cell_test_index_add prefix (Cell, View, Index) RegisterJump "as quick_cell_test_index, at b + register";
    quick_cell_test_index_sub prefix (Cell, View, Index) RegisterJump "as quick_cell_test_index, at b - register";
    quick_cell_test_index_sum prefix (Cell, View, View) RegisterJump "as quick_cell_test_index, at b + c + register; flags say what is subtracted, and when to jump";
    quick_test_character prefix (View, View, Index) Jump "if a is an ASCII text with a character at b: goes to the target if that is one of those in c, else skips the read and the branch; c has the first (low byte) and how many more (high byte), in a circle of 256";
    quick_cell_test_character prefix (View, Cell, Index) Jump "as quick_test_character, at the content of cell b";
    quick_test_class prefix (View, None, None) Class "goes to the first target if the character a is in the class, else to the second; stands for a call and a branch";
    quick_test_class_at prefix (View, View, None) Class "as quick_test_class, with the character of a at b; stands for the reading of it, too";
    quick_switch prefix (View, None, Index) Table "goes to the case of the table that a equals, or to its default";
    quick_switch_tag prefix (View, None, Index) Table "goes to the case of the table that the tag of a is, or to its default";
    // Iteration.
    iter_open iterate (Dst, Take, None) None "a := loop state over b, which moves";
    iter_next iterate (Dst, Loop, Mod) Jump "a := value of loop state b at position c, c += 1, and goes to the target; or falls through";
    iter_take iterate (Dst, Loop, View) None "a := value of loop state b at position c, or the exhausted mark";
    iter_step iterate (Dst, View, None) None "a := position b, one further";
    range_bound iterate (Dst, Src, None) None "a := b as a bound of a counted loop";
    // Generators. The listed registers are what a suspended one keeps.
    generator_start generator (Index, Index, Count) List "returns a generator over this frame of b registers, of which it keeps a at most";
    yield_value generator (Take, None, Count) List "hands a, which moves, to the consumer";
    yield_many generator (Take, None, None) None "as yield_value; the registers kept are those of the instruction's entry in the table of the unwinder";
    generator_end generator (None, None, None) None "where a generator returns to";
    // Tasks.
    async_start task (None, None, None) None "makes the promise of the async function";
    async_end task (None, None, None) None "where an async function or a task returns to";
    next_task task (None, None, None) None "goes on with another task";
    await_value task (Dst, Src, None) None "a := value of promise b, waiting for it";
    spawn task (Take, None, None) None "starts a task that runs closure a, which moves";
    }};
}
