//! THE instruction table. A row is the instruction: its name, operand modes, immediate, static result type and effects.
//!
//! Operand modes (`design/ownership.md`): `View` and `Borrow` look at the operand; a dying `Borrow` operand may be released by
//! the instruction itself (its drop mask), a dying `View` operand needs a `drop` after it, because the instruction's fast path
//! would have to test a flag. `Keep` consumes the operand. `Update` consumes it and hands it back, changed, as the result, in
//! the same register.

use super::effects::Effects;
use super::entities::{Const, FuncRef, Global, Path};
use super::types::Type;
use crate::base::builtin::BuiltinId;

/// What an instruction does with an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Looked at; when it dies here a `drop` follows.
    View,
    /// Looked at; when it dies here the instruction releases it (drop mask).
    Borrow,
    /// Consumed: stored, passed or returned.
    Keep,
    /// Consumed and handed back changed; the result shares its register.
    Update,
}

/// Which immediate an instruction carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImmKind {
    /// None.
    None,
    /// A pooled constant (also: a name or message as a string constant).
    Const,
    /// A function of the module.
    Func,
    /// A builtin.
    Builtin,
    /// A global slot.
    Global,
    /// A path description.
    Path,
    /// A small number (capture index).
    Index,
}

/// The immediate of one instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Imm {
    /// None.
    None,
    /// A pooled constant.
    Const(Const),
    /// A function of the module.
    Func(FuncRef),
    /// A builtin.
    Builtin(BuiltinId),
    /// A global slot.
    Global(Global),
    /// A path description.
    Path(Path),
    /// A small number.
    Index(u32),
}

impl Imm {
    /// The kind of this immediate.
    pub fn kind(self) -> ImmKind {
        match self {
            Imm::None => ImmKind::None,
            Imm::Const(_) => ImmKind::Const,
            Imm::Func(_) => ImmKind::Func,
            Imm::Builtin(_) => ImmKind::Builtin,
            Imm::Global(_) => ImmKind::Global,
            Imm::Path(_) => ImmKind::Path,
            Imm::Index(_) => ImmKind::Index,
        }
    }
}

/// How an instruction ends its block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// It does not.
    Next,
    /// It ends the block and has this many targets.
    End(usize),
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct InstInfo {
    /// The textual name.
    pub name: &'static str,
    /// Modes of the fixed operands.
    pub fixed: &'static [Mode],
    /// Mode of further operands, if any are allowed.
    pub rest: Option<Mode>,
    /// The immediate.
    pub imm: ImmKind,
    /// The static type of the result; `None` if there is no result.
    pub result: Option<Type>,
    /// Effects.
    pub effects: Effects,
    /// Whether it ends the block.
    pub flow: Flow,
    /// First line of its documentation.
    pub doc: &'static str,
}

macro_rules! instructions {
    ($(#[doc = $doc:literal] $op:ident $name:literal ($($mode:ident),*) $(rest $rest:ident)? imm $imm:ident
       result $result:ident effects $($effect:ident)|+ flow $flow:expr;)*) => {
        /// The operation of an instruction: an index into the table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Op { $(#[doc = $doc] $op),* }

        impl Op {
            /// Every operation, in table order.
            pub const ALL: &'static [Op] = &[$(Op::$op),*];
        }

        static TABLE: &[InstInfo] = &[$(InstInfo {
            name: $name,
            fixed: &[$(Mode::$mode),*],
            rest: instructions!(@rest $($rest)?),
            imm: ImmKind::$imm,
            result: instructions!(@result $result),
            effects: Effects(0 $(| Effects::$effect.0)+),
            flow: $flow,
            doc: $doc,
        }),*];
    };
    (@rest) => { None };
    (@rest $rest:ident) => { Some(Mode::$rest) };
    (@result no) => { None };
    (@result $ty:ident) => { Some(Type::$ty) };
}

const NEXT: Flow = Flow::Next;

instructions! {
    /// A constant; its type is the constant's.
    Const "const" () imm Const result TOP effects PURE flow NEXT;
    /// The value of a function that captures nothing.
    Func "func" () imm Func result FUNCTION effects PURE flow NEXT;
    /// The value of a builtin.
    Builtin "builtin" () imm Builtin result FUNCTION effects PURE flow NEXT;
    /// A new closure over the operands (values or cells).
    Closure "closure" () rest Keep imm Func result FUNCTION effects ALLOCATES flow NEXT;
    /// The n-th captured value (or cell) of the running closure.
    CaptureGet "capture_get" () imm Index result TOP effects PURE flow NEXT;

    /// A new cell holding the operand.
    CellNew "cell_new" (Keep) imm None result CELL effects ALLOCATES flow NEXT;
    /// The value in a cell; raises `Undefined variable: name` if it has none.
    CellGet "cell_get" (View) imm Const result ANY effects READS|RAISES flow NEXT;
    /// The content of a cell, possibly the undefined mark.
    CellPeek "cell_peek" (View) imm None result TOP effects READS flow NEXT;
    /// Stores into a cell.
    CellSet "cell_set" (View, Keep) imm None result no effects WRITES flow NEXT;
    /// The value of a global; raises `Undefined variable: name` if it has none.
    GlobalGet "global_get" () imm Global result ANY effects READS|RAISES flow NEXT;
    /// The content of a global slot, possibly the undefined mark.
    GlobalPeek "global_peek" () imm Global result TOP effects READS flow NEXT;
    /// Stores into a global slot.
    GlobalSet "global_set" (Keep) imm Global result no effects WRITES flow NEXT;
    /// Whether the operand is the undefined mark.
    IsUndef "is_undef" (View) imm None result BOOL effects PURE flow NEXT;
    /// Raises `Undefined variable: name` if the operand is the undefined mark.
    CheckDefined "check_defined" (View) imm Const result no effects RAISES flow NEXT;

    /// `a + b`.
    Add "add" (Borrow, Borrow) imm None result ANY effects OPERATOR flow NEXT;
    /// `a - b`.
    Sub "sub" (Borrow, Borrow) imm None result ANY effects OPERATOR flow NEXT;
    /// `a * b`.
    Mul "mul" (Borrow, Borrow) imm None result ANY effects OPERATOR flow NEXT;
    /// `a / b`.
    Div "div" (Borrow, Borrow) imm None result ANY effects OPERATOR flow NEXT;
    /// `a % b`.
    Rem "rem" (Borrow, Borrow) imm None result ANY effects OPERATOR flow NEXT;
    /// `a == b`; raises only through an overloading method.
    Eq "eq" (Borrow, Borrow) imm None result ANY effects OPERATOR flow NEXT;
    /// `a != b`.
    Ne "ne" (Borrow, Borrow) imm None result ANY effects OPERATOR flow NEXT;
    /// `a < b`.
    Lt "lt" (Borrow, Borrow) imm None result ANY effects OPERATOR flow NEXT;
    /// `a <= b`.
    Le "le" (Borrow, Borrow) imm None result ANY effects OPERATOR flow NEXT;
    /// `a > b`.
    Gt "gt" (Borrow, Borrow) imm None result ANY effects OPERATOR flow NEXT;
    /// `a >= b`.
    Ge "ge" (Borrow, Borrow) imm None result ANY effects OPERATOR flow NEXT;
    /// `-a`.
    Neg "neg" (Borrow) imm None result ANY effects OPERATOR flow NEXT;
    /// `!a`, of a bool.
    Not "not" (Borrow) imm None result ANY effects OPERATOR flow NEXT;
    /// Truthiness as a bool.
    Truthy "truthy" (Borrow) imm None result BOOL effects PURE flow NEXT;
    /// Whether the operand is null.
    IsNull "is_null" (Borrow) imm None result BOOL effects PURE flow NEXT;
    /// The texts of the operands, concatenated: string interpolation.
    Format "format" () rest Borrow imm None result STRING effects ALLOCATES|RAISES flow NEXT;

    /// A new array of the operands.
    ArrayNew "array_new" () rest Keep imm None result ARRAY effects ALLOCATES flow NEXT;
    /// A long array literal continued: the array with the further operands appended.
    ArrayExtend "array_extend" (Update) rest Keep imm None result ARRAY effects ALLOCATES flow NEXT;
    /// `push(a, v)`, with the builtin's error if `a` is no array.
    ArrayPush "array_push" (Update, Keep) imm None result ARRAY effects ALLOCATES|RAISES flow NEXT;
    /// `[...v]`: the elements of the second operand appended; raises `Can only spread arrays`.
    ArraySpread "array_spread" (Update, Borrow) imm None result ARRAY effects ALLOCATES|RAISES flow NEXT;
    /// A new dict of key, value pairs; raises `Dict keys must be strings`.
    DictNew "dict_new" () rest Keep imm None result DICT effects ALLOCATES|RAISES flow NEXT;
    /// A long dict literal continued.
    DictExtend "dict_extend" (Update) rest Keep imm None result DICT effects ALLOCATES|RAISES flow NEXT;
    /// `{...v}`: the entries of the second operand merged in; raises `Can only spread dicts`.
    DictSpread "dict_spread" (Update, Borrow) imm None result DICT effects ALLOCATES|RAISES flow NEXT;
    /// A new struct: name and fields are the words of the constant, the operands the fields' values.
    StructNew "struct_new" () rest Keep imm Const result STRUCT effects ALLOCATES flow NEXT;
    /// The struct with the declared defaults of the fields it lacks, each evaluated anew.
    StructFill "struct_fill" (Update) imm None result STRUCT effects CALLS flow NEXT;
    /// A struct declaration takes effect. The constant's words: the name, then `.method` or `=field` for each operand, a function.
    StructDeclare "struct_declare" () rest Keep imm Const result no effects READS|WRITES|ALLOCATES flow NEXT;
    /// The field of a struct, or the undefined mark if it has none of that name.
    FieldPeek "field_peek" (View) imm Const result TOP effects PURE flow NEXT;
    /// `c[k]`.
    IndexGet "index_get" (View, Borrow) imm None result ANY effects RAISES flow NEXT;
    /// `v.name`, of a struct or dict.
    FieldGet "field_get" (View) imm Const result ANY effects RAISES flow NEXT;
    /// `v?.name`.
    FieldGetOptional "field_get_optional" (View) imm Const result ANY effects RAISES flow NEXT;
    /// `root[k].f := value`: operands root, value, keys of the index steps.
    SetPath "set_path" (Update, Keep) rest Borrow imm Path result CONTAINER effects ALLOCATES|RAISES flow NEXT;
    /// Read-modify-write of one path, by the path's update operation: operands root, right operand, keys, further operands.
    UpdatePath "update_path" (Update, Keep) rest Borrow imm Path result ANY effects OPERATOR|ALLOCATES flow NEXT;
    /// As `set_path`, on the content of a cell: operands cell, value, keys.
    CellSetPath "cell_set_path" (View, Keep) rest Borrow imm Path result no effects READS|WRITES|RAISES flow NEXT;
    /// As `update_path`, on the content of a cell.
    CellUpdatePath "cell_update_path" (View, Keep) rest Borrow imm Path result no effects READS|WRITES|OPERATOR flow NEXT;
    /// As `set_path`, on a global (named by the path): operands value, keys.
    GlobalSetPath "global_set_path" (Keep) rest Borrow imm Path result no effects READS|WRITES|RAISES flow NEXT;
    /// As `update_path`, on a global.
    GlobalUpdatePath "global_update_path" (Keep) rest Borrow imm Path result no effects READS|WRITES|OPERATOR flow NEXT;

    /// Takes the value out of the end of a path, if it is there and owned by nobody else: operands root, value, keys.
    Vacate "vacate" (Update, View) rest Borrow imm Path result TOP effects WRITES flow NEXT;
    /// As `vacate`, on the content of a cell: operands cell, value, keys.
    CellVacate "cell_vacate" (View, View) rest Borrow imm Path result no effects READS|WRITES flow NEXT;
    /// As `vacate`, on a global (named by the path): operands value, keys.
    GlobalVacate "global_vacate" (View) rest Borrow imm Path result no effects READS|WRITES flow NEXT;
    /// Puts the value back that `vacate` has taken out of the same place, if it has.
    Restore "restore" (Update, View) rest Borrow imm Path result TOP effects WRITES flow NEXT;
    /// As `restore`, on the content of a cell.
    CellRestore "cell_restore" (View, View) rest Borrow imm Path result no effects READS|WRITES flow NEXT;
    /// As `restore`, on a global.
    GlobalRestore "global_restore" (View) rest Borrow imm Path result no effects READS|WRITES flow NEXT;

    /// A tagged value over the operands; with the tag `Ok`, `Err`, `Some` or `None` a result or option.
    TaggedNew "tagged_new" () rest Keep imm Const result OTHER effects ALLOCATES flow NEXT;
    /// Whether the operand is a tagged value, result or option with this tag.
    IsTag "is_tag" (View) imm Const result BOOL effects PURE flow NEXT;
    /// Whether the operand is the string with this text.
    IsText "is_text" (View) imm Const result BOOL effects PURE flow NEXT;
    /// The n-th payload of a tagged value, result or option, or element of an array; null if there is none.
    PartGet "part_get" (View) imm Index result ANY effects PURE flow NEXT;
    /// How many payloads a tagged value, result or option has.
    PartCount "part_count" (View) imm None result SMALL_INT effects PURE flow NEXT;
    /// `v?`: the content of `Ok` and `Some`, the undefined mark for `Err` and `None`; otherwise raises.
    TryUnwrap "try_unwrap" (View) imm None result TOP effects RAISES flow NEXT;
    /// Raises `Cannot destructure t as array` if the operand is no array.
    ExpectArray "expect_array" (View) imm None result no effects RAISES flow NEXT;
    /// Raises `Cannot destructure t as dict` if the operand is no dict.
    ExpectDict "expect_dict" (View) imm None result no effects RAISES flow NEXT;
    /// The elements of an array from the n-th on.
    ArrayRest "array_rest" (View) imm Index result ARRAY effects ALLOCATES flow NEXT;
    /// A dict without the entry of this name.
    DictWithout "dict_without" (Update) imm Const result DICT effects ALLOCATES flow NEXT;

    /// Calls any callable: operands callee, arguments.
    Call "call" (Keep) rest Keep imm None result ANY effects CALLS flow NEXT;
    /// Calls a known function that captures nothing, with the right number of arguments.
    CallDirect "call_direct" () rest Keep imm Func result ANY effects CALLS flow NEXT;
    /// `receiver.name(arguments)`.
    CallMethod "call_method" (Keep) rest Keep imm Const result ANY effects CALLS flow NEXT;
    /// Calls a builtin.
    CallBuiltin "call_builtin" () rest Borrow imm Builtin result ANY effects CALLS flow NEXT;

    /// Starts a `for` loop over a value, at position 0; raises `Cannot iterate over non-iterable type`.
    IterOpen "iter_open" (Keep) imm None result ITER effects ALLOCATES|RAISES flow NEXT;
    /// The value of the loop at a position, or the exhausted mark: operands state, position.
    IterNext "iter_next" (View, View) imm None result TOP effects CALLS flow NEXT;
    /// The next position.
    IterStep "iter_step" (View) imm None result SMALL_INT effects PURE flow NEXT;
    /// Whether the operand is the exhausted mark.
    IsDone "is_done" (View) imm None result BOOL effects PURE flow NEXT;
    /// A bound of a counted loop as an int; raises `range() requires numeric arguments`.
    RangeBound "range_bound" (Borrow) imm None result INT effects RAISES flow NEXT;

    /// At the entry of a generator: returns the generator to the caller; control comes back with the first demand.
    GeneratorStart "generator_start" () imm None result no effects READS|WRITES flow NEXT;
    /// Hands a value to the consumer of the running generator; control comes back with the next demand.
    Yield "yield" (Keep) imm None result no effects READS|WRITES flow NEXT;
    /// At the entry of an async function: makes its promise.
    AsyncStart "async_start" () imm None result no effects READS|WRITES flow NEXT;
    /// The value of a promise, once it has one; any other value is itself.
    Await "await" (Borrow) imm None result ANY effects CALLS flow NEXT;
    /// Starts a task that runs the closure.
    Spawn "spawn" (Keep) imm None result no effects READS|WRITES|ALLOCATES flow NEXT;

    /// Raises the error of an import that leads back to a module whose top level is running: the constant names that.
    ImportCycle "import_cycle" () imm Const result no effects READS|RAISES flow NEXT;

    /// The error being handled, as a struct `Error`; first in a handler block.
    Caught "caught" () imm None result STRUCT effects READS|WRITES|ALLOCATES flow NEXT;

    /// A second reference to the operand (count + 1). Made by the ownership step only.
    Copy "copy" (View) imm None result TOP effects PURE flow NEXT;
    /// Gives the operand up (count - 1). Made by the ownership step only.
    Drop "drop" (Keep) imm None result no effects WRITES flow NEXT;

    /// Goes to the target.
    Jump "jump" () imm None result no effects PURE flow Flow::End(1);
    /// Goes to the first target if the operand is truthy, else to the second.
    Brif "brif" (Borrow) imm None result no effects PURE flow Flow::End(2);
    /// Leaves the function with a value.
    Return "return" (Keep) imm None result no effects PURE flow Flow::End(0);
    /// `throw(v)`.
    Throw "throw" (Keep) imm None result no effects RAISES flow Flow::End(0);
    /// Raises the runtime error with this message.
    Raise "raise" () imm Const result no effects RAISES flow Flow::End(0);
    /// Raises the error again that led to this block, as it was. Made by the ownership step only.
    Resume "resume" () imm None result no effects RAISES flow Flow::End(0);
}

impl Op {
    /// The row of this operation.
    pub fn info(self) -> &'static InstInfo {
        &TABLE[self as usize]
    }

    /// Mode of operand `index`.
    ///
    /// # Panics
    /// If the operation has no such operand (the verifier's rule on operand counts excludes it).
    pub fn mode(self, index: usize) -> Mode {
        let info = self.info();
        info.fixed.get(index).copied().or(info.rest).expect("an operand the table allows")
    }

    /// Whether it takes a value out of a place or puts it back, and whether the place belongs to a global.
    pub fn vacates(self) -> Option<bool> {
        match self {
            Op::Vacate | Op::CellVacate | Op::Restore | Op::CellRestore => Some(false),
            Op::GlobalVacate | Op::GlobalRestore => Some(true),
            _ => None,
        }
    }

    /// Whether it ends a block.
    pub fn is_terminator(self) -> bool {
        matches!(self.info().flow, Flow::End(_))
    }

    /// Whether it makes the function a generator or async function: nothing comes before it.
    pub fn starts_function(self) -> bool {
        matches!(self, Op::GeneratorStart | Op::AsyncStart)
    }

    /// The operation with this textual name.
    pub fn from_name(name: &str) -> Option<Op> {
        Op::ALL.iter().copied().find(|op| op.info().name == name)
    }
}
