//! An interpreter of IR functions: one step of it is one row of the instruction table, on scalars and arrays. It keeps nothing but
//! values, so what it does follows from the text of the function alone. The outside world (globals, calls) answers at random.
//!
//! Every value is checked against the type the function claims for it.

use super::generate::Random;
use crate::base::operator::{BinaryOp, UnaryOp};
use crate::ir::entities::{Block, Val};
use crate::ir::function::{BlockCall, ConstData, Function};
use crate::ir::inst::Op;
use crate::ir::types::Type;
use crate::semantics::scalar::{Folded, Scalar, fold_binary, fold_unary};
use rustc_hash::FxHashMap;
use std::fmt;
use std::rc::Rc;

/// What a program did, one event a line.
pub type Trace = Vec<String>;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Datum {
    /// A scalar, or the undefined mark.
    Plain(ConstData),
    /// An array.
    Array(Rc<Vec<Datum>>),
    /// The state of a walk.
    Walk(Rc<Vec<Datum>>),
    /// The mark after the last element.
    Done,
    /// A caught error: all of them are alike.
    Caught,
}

impl Datum {
    fn ty(&self) -> Type {
        match self {
            Datum::Plain(data) => data.ty(),
            Datum::Array(_) => Type::ARRAY,
            Datum::Walk(_) => Type::ITER,
            Datum::Done => Type::DONE,
            Datum::Caught => Type::STRUCT,
        }
    }

    fn scalar(&self) -> Option<Scalar<'_>> {
        let Datum::Plain(data) = self else { return None };
        Some(match data {
            ConstData::Null => Scalar::Null,
            ConstData::Bool(b) => Scalar::Bool(*b),
            ConstData::Int(i) => Scalar::Int(*i),
            ConstData::Float(bits) => Scalar::Float(f64::from_bits(*bits)),
            ConstData::Str(text) => Scalar::Str(text),
            ConstData::Undef => return None,
        })
    }

    fn truthy(&self) -> bool {
        match self {
            Datum::Array(items) => !items.is_empty(),
            Datum::Caught => true,
            other => other.scalar().is_some_and(|scalar| scalar.truthy()),
        }
    }
}

impl fmt::Display for Datum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Datum::Plain(data) => write!(f, "{data}"),
            Datum::Array(items) => {
                f.write_str("[")?;
                items.iter().try_for_each(|item| write!(f, "{item};"))?;
                f.write_str("]")
            }
            Datum::Walk(_) => f.write_str("(walk)"),
            Datum::Done => f.write_str("(done)"),
            Datum::Caught => f.write_str("(error)"),
        }
    }
}

fn bool_of(holds: bool) -> Datum {
    Datum::Plain(ConstData::Bool(holds))
}

fn folded(result: Folded) -> Datum {
    Datum::Plain(match result {
        Folded::Bool(b) => ConstData::Bool(b),
        Folded::Int(i) => ConstData::Int(i),
        Folded::Float(f) => ConstData::Float(f.to_bits()),
        Folded::Str(text) => ConstData::Str(text.into()),
    })
}

fn binary(op: Op, a: &Datum, b: &Datum) -> Option<Datum> {
    let operator = match op {
        Op::Add => BinaryOp::Add,
        Op::Sub => BinaryOp::Sub,
        Op::Mul => BinaryOp::Mul,
        Op::Div => BinaryOp::Div,
        Op::Rem => BinaryOp::Rem,
        Op::Eq => BinaryOp::Eq,
        Op::Ne => BinaryOp::Ne,
        Op::Lt => BinaryOp::Lt,
        Op::Le => BinaryOp::Le,
        Op::Gt => BinaryOp::Gt,
        Op::Ge => BinaryOp::Ge,
        _ => unreachable!("a generated operation"),
    };
    let composite = |datum: &Datum| matches!(datum, Datum::Array(_) | Datum::Caught);
    if composite(a) || composite(b) {
        return match op {
            Op::Eq => Some(bool_of(same(a, b))),
            Op::Ne => Some(bool_of(!same(a, b))),
            _ => None,
        };
    }
    fold_binary(operator, a.scalar()?, b.scalar()?).map(folded)
}

fn same(a: &Datum, b: &Datum) -> bool {
    match (a, b) {
        (Datum::Array(a), Datum::Array(b)) => a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| same(a, b)),
        (Datum::Caught, Datum::Caught) => true,
        (Datum::Array(_) | Datum::Caught, _) | (_, Datum::Array(_) | Datum::Caught) => false,
        _ => binary(Op::Eq, a, b) == Some(bool_of(true)),
    }
}

/// What an instruction that neither branches nor touches the outside world gives.
fn compute(func: &Function, op: Op, result: Option<Val>, args: &[Datum]) -> Result<Option<Datum>, String> {
    let undef = Datum::Plain(ConstData::Undef);
    Ok(Some(match op {
        Op::Const => Datum::Plain(result.and_then(|val| func.const_of(val)).cloned().expect("a constant")),
        Op::CheckDefined if args[0] == undef => return Err("undefined".into()),
        Op::CheckDefined => return Ok(None),
        Op::IsUndef => bool_of(args[0] == undef),
        Op::IsNull => bool_of(args[0] == Datum::Plain(ConstData::Null)),
        Op::IsDone => bool_of(args[0] == Datum::Done),
        Op::Truthy => bool_of(args[0].truthy()),
        Op::Format => {
            let text = |arg: &Datum| arg.scalar().map_or_else(|| arg.to_string(), |scalar| scalar.text());
            Datum::Plain(ConstData::Str(args.iter().map(text).collect::<String>().into()))
        }
        Op::ArrayNew => Datum::Array(Rc::new(args.to_vec())),
        Op::ArrayPush => match &args[0] {
            Datum::Array(items) => Datum::Array(Rc::new([&items[..], &args[1..2]].concat())),
            _ => return Err("no array".into()),
        },
        Op::IndexGet => match (&args[0], &args[1]) {
            (Datum::Array(items), Datum::Plain(ConstData::Int(index))) => {
                let place = if *index < 0 { *index + items.len() as i64 } else { *index };
                let item = usize::try_from(place).ok().and_then(|place| items.get(place));
                item.cloned().ok_or("bounds")?
            }
            _ => return Err("index".into()),
        },
        Op::IterOpen => match &args[0] {
            Datum::Array(items) => Datum::Walk(items.clone()),
            Datum::Plain(ConstData::Int(count)) => {
                Datum::Walk(Rc::new((0..(*count).min(9)).map(|i| Datum::Plain(ConstData::Int(i))).collect()))
            }
            Datum::Plain(ConstData::Str(text)) => {
                Datum::Walk(Rc::new(text.chars().map(|c| Datum::Plain(ConstData::Str(c.to_string().into()))).collect()))
            }
            _ => return Err("not iterable".into()),
        },
        Op::IterNext => match (&args[0], &args[1]) {
            (Datum::Walk(items), Datum::Plain(ConstData::Int(at))) => {
                items.get(*at as usize).cloned().unwrap_or(Datum::Done)
            }
            other => panic!("a walk at a position, not {other:?}"),
        },
        Op::IterStep => binary(Op::Add, &args[0], &Datum::Plain(ConstData::Int(1))).expect("a position"),
        Op::Not | Op::Neg => {
            let operator = if op == Op::Not { UnaryOp::Not } else { UnaryOp::Neg };
            args[0].scalar().and_then(|a| fold_unary(operator, a)).map(folded).ok_or("operator")?
        }
        _ => binary(op, &args[0], &args[1]).ok_or("operator")?,
    }))
}

/// Interprets a function.
///
/// # Panics
/// If a value is used before it is defined, or is not of its type.
pub fn interpret(func: &Function, param: &ConstData, mut world: Random) -> Trace {
    let mut trace = Trace::new();
    let mut vals: FxHashMap<Val, Datum> = FxHashMap::default();
    vals.insert(func.blocks[func.entry].params[0], Datum::Plain(param.clone()));
    let mut block = func.entry;
    // A loop without events goes on for ever in both versions; only what came before it is compared.
    'blocks: for _ in 0..3000 {
        if trace.len() >= 60 {
            break;
        }
        for &inst in &func.blocks[block].insts {
            let data = &func.insts[inst];
            let value =
                |val: &Val| vals.get(val).unwrap_or_else(|| panic!("{val} is unset at {inst} in {block}")).clone();
            let args: Vec<Datum> = data.args.iter().map(value).collect();
            let outcome = match data.op {
                Op::GlobalGet | Op::Call => {
                    let given = args.first().cloned().unwrap_or(Datum::Plain(ConstData::Null));
                    trace.push(format!("{} {given}", data.op.info().name));
                    answer(&mut world)
                }
                Op::GlobalSet => {
                    trace.push(format!("set {}", args[0]));
                    Ok(None)
                }
                Op::Caught => {
                    trace.push("caught".into());
                    Ok(Some(Datum::Caught))
                }
                Op::Return => {
                    trace.push(format!("return {}", args[0]));
                    return trace;
                }
                Op::Throw => Err(format!("throw {}", args[0])),
                Op::Raise => Err("raise".into()),
                Op::Jump | Op::Brif => {
                    let slot = usize::from(data.op == Op::Brif && !args[0].truthy());
                    enter(func, &mut vals, &data.targets[slot], &mut block);
                    continue 'blocks;
                }
                op => compute(func, op, data.result.expand(), &args),
            };
            match outcome {
                Ok(Some(value)) => {
                    if let Some(result) = data.result.expand() {
                        let ty = func.values[result].ty;
                        assert!(value.ty().is_subset(ty), "{result}: {ty} is {value}");
                        vals.insert(result, value);
                    }
                }
                Ok(None) => {}
                Err(error) => {
                    trace.push(format!("{error} at {}", data.span.start));
                    let Some(call) = &data.unwind else { return trace };
                    enter(func, &mut vals, call, &mut block);
                    continue 'blocks;
                }
            }
        }
        unreachable!("a block without a terminator");
    }
    trace
}

fn answer(world: &mut Random) -> Result<Option<Datum>, String> {
    let int = |i: i64| Datum::Plain(ConstData::Int(i));
    Ok(Some(match world.below(9) {
        0 => Datum::Plain(ConstData::Null),
        1 => int(3),
        2 => bool_of(false),
        3 => Datum::Plain(ConstData::Str("".into())),
        4 => int(1 << 49),
        5 => Datum::Plain(ConstData::Float(2.5f64.to_bits())),
        6 => Datum::Array(Rc::new(vec![int(1), Datum::Plain(ConstData::Str("ab".into()))])),
        7 => int(-1),
        _ => return Err("outside".into()),
    }))
}

fn enter(func: &Function, vals: &mut FxHashMap<Val, Datum>, call: &BlockCall, block: &mut Block) {
    let args: Vec<Datum> = call.args.iter().map(|arg| vals[arg].clone()).collect();
    for (&param, arg) in func.blocks[call.block].params.iter().zip(args) {
        let ty = func.values[param].ty;
        assert!(arg.ty().is_subset(ty), "{param}: {ty} is {arg}");
        vals.insert(param, arg);
    }
    *block = call.block;
}
