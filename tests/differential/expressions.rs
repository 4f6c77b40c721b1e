//! Expressions that are made of expressions: a table for each type.
//!
//! In a template `@` is an operand, whose type stands in the list; `#` is a number that makes a name new. A row whose flag is
//! `risky` raises easily: it is chosen where something catches errors, and rarely elsewhere, so that most programs go on.

use super::types::Ty::{self, *};

/// A row: weight, whether it raises easily, template, types of the operands.
pub type Row = (u32, bool, &'static str, &'static [Ty]);

const SAFE: bool = false;
const RISKY: bool = true;

/// The rows of a type.
pub fn rows(ty: Ty) -> &'static [Row] {
    match ty {
        Int => INTS,
        Index => INDICES,
        Float => FLOATS,
        Bool => BOOLS,
        Str => STRINGS,
        Ints => INT_ARRAYS,
        Floats => FLOAT_ARRAYS,
        Strs => STRING_ARRAYS,
        Grid => GRIDS,
        Dict => DICTS,
        Lists => LIST_DICTS,
        Point => POINTS,
        Points => POINT_ARRAYS,
        Shape => SHAPES,
        Opt => OPTIONS,
        Res => RESULTS,
        Any => ANYTHING,
        _ => &[],
    }
}

const INTS: &[Row] = &[
    (10, SAFE, "(@ + @)", &[Int, Int]),
    (7, SAFE, "(@ - @)", &[Int, Int]),
    (3, SAFE, "(@ * 3)", &[Int]),
    (2, SAFE, "(@ - 1)", &[Int]),
    (2, SAFE, "(@ + 1)", &[Int]),
    (2, SAFE, "(7 - @)", &[Int]),
    (6, RISKY, "(@ * @)", &[Int, Int]),
    (5, RISKY, "(@ / @)", &[Int, Int]),
    (4, RISKY, "(@ % @)", &[Int, Int]),
    (2, SAFE, "(@ / 3)", &[Int]),
    (4, SAFE, "(@ % 7)", &[Int]),
    (1, SAFE, "(@ % -5)", &[Int]),
    (2, RISKY, "(@ + @)", &[Any, Int]),
    (2, RISKY, "(@ - 1)", &[Any]),
    (2, SAFE, "(-@)", &[Int]),
    (1, SAFE, "len(@)", &[Ints]),
    (1, SAFE, "len(@)", &[Str]),
    (1, SAFE, "len(@)", &[Dict]),
    (1, SAFE, "len(@)", &[Grid]),
    (1, SAFE, "@.len()", &[Strs]),
    (2, SAFE, "sum(@)", &[Ints]),
    (1, SAFE, "to_int(@)", &[Float]),
    (1, SAFE, "bit_xor(@, @)", &[Int, Int]),
    (1, SAFE, "bit_shr(@, 3)", &[Int]),
    (1, SAFE, "bit_shl(@, 40)", &[Int]),
    (1, SAFE, "index_of(@, @)", &[Str, Str]),
    (1, SAFE, "contains(@, @)", &[Str, Str]),
    (2, SAFE, "reduce(@, @, @)", &[Ints, Int, Fold]),
    (1, SAFE, "(@ ?? @)", &[Int, Int]),
    (1, SAFE, "(get(@, @) ?? @)", &[Dict, Key, Int]),
    (1, SAFE, "(@?.zz ?? @)", &[Point, Int]),
    (1, SAFE, "get_default(@, \"z\", @)", &[Dict, Int]),
    (1, SAFE, "has_key(@, @)", &[Dict, Key]),
    (1, SAFE, "func(p#) { return p# * 2 }(@)", &[Int]),
    (1, SAFE, "(@ |> func(p#) { return p# + 1 })", &[Int]),
    (1, SAFE, "(await @)", &[Int]),
    (1, SAFE, "pop(@)[1]", &[Ints]),
    (1, SAFE, "[@, @, @][1]", &[Int, Int, Int]),
    (1, SAFE, "{\"a\": @, \"b\": @}.b", &[Int, Int]),
    (2, RISKY, "@[@]", &[Ints, Index]),
    (2, RISKY, "@[@]", &[Dict, Key]),
    (2, RISKY, "@[@][@]", &[Grid, Index, Index]),
    (1, RISKY, "@[@]", &[Lists, Key]),
    (1, RISKY, "@[@].x", &[Points, Index]),
    (1, RISKY, "parse_int(@)", &[Str]),
    (1, RISKY, "throw(@)", &[Str]),
    (1, SAFE, "@.x", &[Point]),
    (2, SAFE, "@.total(@)", &[Point, Int]),
];

const INDICES: &[Row] = &[
    (1, SAFE, "(@ % 3)", &[Int]),
    (1, SAFE, "(len(@) - 1)", &[Ints]),
    (1, SAFE, "(@ + 1)", &[Index]),
    (1, SAFE, "(@ - 1)", &[Index]),
];

const FLOATS: &[Row] = &[
    (6, SAFE, "(@ + @)", &[Float, Float]),
    (4, SAFE, "(@ - @)", &[Float, Float]),
    (4, SAFE, "(@ * @)", &[Float, Float]),
    (2, RISKY, "(@ / @)", &[Float, Float]),
    (2, RISKY, "(@ % @)", &[Float, Float]),
    (2, SAFE, "(@ + @)", &[Int, Float]),
    (2, SAFE, "(@ * @)", &[Float, Int]),
    (2, SAFE, "(@ * 0.5)", &[Float]),
    (1, SAFE, "(@ + 1)", &[Float]),
    (1, SAFE, "(2 - @)", &[Float]),
    (1, SAFE, "(@ / 4)", &[Float]),
    (2, SAFE, "(-@)", &[Float]),
    (1, SAFE, "sqrt(abs(@))", &[Float]),
    (1, SAFE, "floor(@)", &[Float]),
    (1, SAFE, "max(@, @)", &[Float, Float]),
    (1, SAFE, "to_float(@)", &[Int]),
    (1, SAFE, "sum(@)", &[Floats]),
    (1, SAFE, "@.y", &[Point]),
    (1, RISKY, "@[@]", &[Floats, Index]),
];

const BOOLS: &[Row] = &[
    (4, SAFE, "(@ < @)", &[Int, Int]),
    (3, SAFE, "(@ <= @)", &[Int, Int]),
    (3, SAFE, "(@ > @)", &[Int, Int]),
    (3, SAFE, "(@ >= @)", &[Int, Int]),
    (3, SAFE, "(@ == @)", &[Int, Int]),
    (2, SAFE, "(@ != @)", &[Int, Int]),
    (2, SAFE, "(@ < 2)", &[Int]),
    (1, SAFE, "(3 >= @)", &[Int]),
    (1, SAFE, "(@ <= 3)", &[Int]),
    (1, SAFE, "(@ > 4)", &[Int]),
    (2, SAFE, "(@ < @)", &[Float, Float]),
    (2, SAFE, "(@ >= @)", &[Float, Float]),
    (2, SAFE, "(@ <= @)", &[Int, Float]),
    (1, SAFE, "(@ > 1.5)", &[Float]),
    (2, SAFE, "(@ == @)", &[Float, Float]),
    (1, SAFE, "(@ != @)", &[Float, Int]),
    (1, SAFE, "(@ < @)", &[Str, Str]),
    (2, SAFE, "(@ == @)", &[Str, Str]),
    (2, SAFE, "(@ == 2.0)", &[Index]),
    (1, SAFE, "(1.0 != @)", &[Index]),
    (1, SAFE, "(@ == @)", &[Ints, Ints]),
    (1, SAFE, "(@ == @)", &[Point, Int]),
    (1, SAFE, "(@ != @)", &[Point, Str]),
    (1, SAFE, "((Point { x: @, items: [] }) == @)", &[Index, Str]),
    (1, SAFE, "((Point { x: @, items: [] }) != null)", &[Index]),
    (1, SAFE, "(@ == @)", &[Point, Point]),
    (1, SAFE, "(@ != @)", &[Any, Any]),
    (2, SAFE, "(@ == null)", &[Any]),
    (2, SAFE, "(@ && @)", &[Bool, Bool]),
    (2, SAFE, "(@ || @)", &[Bool, Bool]),
    (1, SAFE, "(@ && @)", &[Any, Int]),
    (2, SAFE, "!@", &[Bool]),
    (1, SAFE, "contains(@, @)", &[Ints, Int]),
    (1, SAFE, "is_int(@)", &[Any]),
    (1, SAFE, "is_truthy(@)", &[Any]),
    (1, SAFE, "any(@, @)", &[Ints, Pred]),
    (1, SAFE, "all(@, @)", &[Ints, Pred]),
    (1, SAFE, "starts_with(@, @)", &[Str, Str]),
    (2, RISKY, "(@ < @)", &[Any, Any]),
    (2, RISKY, "(@ < @)", &[Point, Point]),
    (1, RISKY, "(@ >= @)", &[Point, Int]),
    (1, RISKY, "!@", &[Any]),
];

const STRINGS: &[Row] = &[
    (5, SAFE, "substring((@ + @), 0, 12)", &[Str, Str]),
    (3, SAFE, "(@ + \"ä\")", &[Str]),
    (3, SAFE, "(\"x\" + @)", &[Str]),
    (2, SAFE, "substring(\"<${@}|${@}>\", 0, 16)", &[Any, Int]),
    (2, SAFE, "\"${@}\"", &[Int]),
    (1, SAFE, "\"a${@}b${@}\"", &[Float, Bool]),
    (2, SAFE, "to_string(@)", &[Int]),
    (1, SAFE, "to_string(@)", &[Float]),
    (2, SAFE, "substring(to_string(@), 0, 20)", &[Any]),
    (1, SAFE, "to_upper(@)", &[Str]),
    (1, SAFE, "str_reverse(@)", &[Str]),
    (1, SAFE, "type(@)", &[Any]),
    (1, SAFE, "substring(join(@, \",\"), 0, 16)", &[Strs]),
    (1, SAFE, "replace(@, \"a\", \"é\")", &[Str]),
    (1, SAFE, "pad_left(@, 5, \"·\")", &[Str]),
    (1, SAFE, "char_at(@, @)", &[Str, Index]),
    (1, SAFE, "@.trim()", &[Str]),
    (1, SAFE, "substring(format(\"%s/%d\", @, @), 0, 16)", &[Str, Int]),
    (2, RISKY, "@[@]", &[Str, Index]),
    (2, RISKY, "@[@]", &[Strs, Index]),
    (2, RISKY, "substring((@ + @), 0, 12)", &[Str, Any]),
    (1, SAFE, "@.name", &[Point]),
];

const INT_ARRAYS: &[Row] = &[
    (2, SAFE, "[@, @]", &[Int, Int]),
    (2, SAFE, "[...@, @]", &[Ints, Int]),
    (1, SAFE, "[@, ...@]", &[Int, Ints]),
    (1, SAFE, "take([...@, ...@], 8)", &[Ints, Ints]),
    (2, SAFE, "push(@, @)", &[Ints, Int]),
    (1, SAFE, "@.push(@)", &[Ints, Int]),
    (1, SAFE, "slice(@, 1, 3)", &[Ints]),
    (1, SAFE, "reverse(@)", &[Ints]),
    (1, SAFE, "sort(@)", &[Ints]),
    (1, SAFE, "unique(@)", &[Ints]),
    (1, SAFE, "take(concat(@, @), 8)", &[Ints, Ints]),
    (2, SAFE, "map(take(@, 8), @)", &[Ints, Func]),
    (2, SAFE, "filter(take(@, 8), @)", &[Ints, Pred]),
    (1, SAFE, "@.take(6).map(@).collect()", &[Ints, Func]),
    (1, SAFE, "@.filter(@).take(3).collect()", &[Ints, Pred]),
    (1, SAFE, "sort_by(take(@, 8), @)", &[Ints, Func]),
    (2, SAFE, "range(@ % 5)", &[Int]),
    (1, SAFE, "range(1, 6, 2)", &[]),
    (1, SAFE, "pop(@)[0]", &[Ints]),
    (1, SAFE, "take(flatten(@), 8)", &[Grid]),
    (1, SAFE, "take(values(@), 8)", &[Dict]),
    (1, SAFE, "@.take(4).collect()", &[Gen]),
    (1, SAFE, "set_to_array(Set(@))", &[Ints]),
    (1, SAFE, "stack_to_array(stack_push(Stack(@), @))", &[Ints, Int]),
    (1, SAFE, "@.items", &[Point]),
    (2, RISKY, "@[@]", &[Grid, Index]),
    (1, RISKY, "@[@]", &[Lists, Key]),
    (1, RISKY, "insert(@, @, @)", &[Ints, Index, Int]),
    (1, RISKY, "remove_at(@, @)[0]", &[Ints, Index]),
];

const FLOAT_ARRAYS: &[Row] = &[
    (2, SAFE, "[@, @]", &[Float, Float]),
    (2, SAFE, "push(@, @)", &[Floats, Float]),
    (1, SAFE, "[...@, @]", &[Floats, Float]),
    (1, SAFE, "sort(@)", &[Floats]),
    (1, SAFE, "slice(@, -3, 9)", &[Floats]),
];

const STRING_ARRAYS: &[Row] = &[
    (2, SAFE, "[@, @, @]", &[Str, Str, Str]),
    (2, SAFE, "push(@, @)", &[Strs, Str]),
    (1, SAFE, "take(keys(@), 8)", &[Dict]),
    (1, SAFE, "split(@, \"a\")", &[Str]),
    (1, SAFE, "sort(@)", &[Strs]),
    (1, SAFE, "[...@]", &[Strs]),
];

const GRIDS: &[Row] = &[
    (2, SAFE, "[@, @]", &[Ints, Ints]),
    (2, SAFE, "push(@, @)", &[Grid, Ints]),
    (1, SAFE, "[...@, @]", &[Grid, Ints]),
    (1, SAFE, "reverse(@)", &[Grid]),
    (1, SAFE, "chunk(@, 2)", &[Ints]),
    (1, SAFE, "take(@, 4)", &[Grid]),
    (1, SAFE, "enumerate(take(@, 5))", &[Ints]),
    (1, SAFE, "@.rows", &[Deep]),
];

const DICTS: &[Row] = &[
    (2, SAFE, "{\"a\": @, \"b\": @}", &[Int, Int]),
    (2, SAFE, "{...@, \"c\": @}", &[Dict, Int]),
    (1, SAFE, "{\"b\": @, ...@, @: @}", &[Int, Dict, Key, Int]),
    (1, SAFE, "merge(@, @)", &[Dict, Dict]),
    (1, SAFE, "remove(@, \"b\")[0]", &[Dict]),
    (1, SAFE, "{@: @, 7: @}", &[Int, Int, Int]),
    (1, SAFE, "@.tags", &[Point]),
    (1, RISKY, "{@: @}", &[Any, Int]),
];

const LIST_DICTS: &[Row] = &[
    (2, SAFE, "{\"a\": @, \"b\": @}", &[Ints, Ints]),
    (1, SAFE, "{...@, @: @}", &[Lists, Key, Ints]),
    (1, SAFE, "@.m", &[Deep]),
];

const POINTS: &[Row] = &[
    (3, SAFE, "@.moved(@)", &[Point, Int]),
    (2, SAFE, "@.pushed(@)", &[Point, Int]),
    (1, SAFE, "@.renamed(@)", &[Point, Str]),
    (1, SAFE, "(Point { x: @, y: @, name: @, items: @, tags: @ })", &[Int, Float, Str, Ints, Dict]),
    (1, SAFE, "(Point { x: @, items: @, tags: {\"a\": @, \"b\": 2}, name: \"q\" })", &[Int, Ints, Int]),
    (1, SAFE, "@.p", &[Deep]),
    (2, RISKY, "@[@]", &[Points, Index]),
    (3, RISKY, "(@ + @)", &[Point, Point]),
    (2, RISKY, "(@ * @)", &[Point, Int]),
    (1, RISKY, "(-@)", &[Point]),
];

const POINT_ARRAYS: &[Row] = &[
    (2, SAFE, "[@, @]", &[Point, Point]),
    (2, SAFE, "push(@, @)", &[Points, Point]),
    (1, SAFE, "reverse(@)", &[Points]),
];

const SHAPES: &[Row] = &[
    (1, SAFE, "Shape::Circle(@)", &[Int]),
    (1, SAFE, "Shape::Rect(@, @)", &[Int, Float]),
    (1, SAFE, "Shape::Named(@, @)", &[Str, Ints]),
];

const OPTIONS: &[Row] = &[
    (2, SAFE, "Some(@)", &[Int]),
    (1, SAFE, "@.next()", &[Gen]),
    (1, SAFE, "func(o#) { v# := o#? return Some(v# + 1) }(@)", &[Opt]),
];

const RESULTS: &[Row] = &[
    (2, SAFE, "Ok(@)", &[Int]),
    (1, SAFE, "Err(@)", &[Str]),
    (1, SAFE, "func(o#) { v# := o#? return Ok(v# - 1) }(@)", &[Res]),
];

const ANYTHING: &[Row] = &[
    (1, SAFE, "null", &[]),
    (1, SAFE, "len", &[]),
    (1, SAFE, "bytes([1, 2, 255])", &[]),
    (1, SAFE, "Set(@)", &[Ints]),
    (1, SAFE, "Queue(@)", &[Ints]),
    (1, SAFE, "[@, @]", &[Str, Float]),
    (1, RISKY, "(@ + @)", &[Any, Any]),
    (1, RISKY, "(@ - @)", &[Float, Any]),
    (1, RISKY, "@.x", &[Any]),
    (1, RISKY, "@.moved(1)", &[Any]),
    (1, RISKY, "@[@]", &[Any, Index]),
    (1, RISKY, "(-@)", &[Any]),
    (1, RISKY, "[...@]", &[Any]),
    (1, RISKY, "len(@)", &[Any]),
    (1, RISKY, "@(@)", &[Any, Int]),
];
