//! Reads the textual form `print` writes. Numbers of values and blocks are kept, so that printing gives the text back.
//!
//! The parser checks form only (names, operand syntax, each value defined once); everything else is the verifier's.

use super::entities::{Block, FuncRef, Global, Inst, Val};
use super::function::{
    BlockCall, BlockData, ConstData, Function, GlobalData, InstData, Module, PathData, Step, UpdateOp, ValData, ValDef,
};
use super::inst::{Flow, Imm, ImmKind, Op};
use super::print::default_type;
use super::token::{Located, Token, tokens};
use super::types::Type;
use crate::base::builtin::{BuiltinId, BuiltinNames};
use crate::base::operator::BinaryOp;
use crate::base::source::{SourceId, Span};
use cranelift_entity::EntityRef;
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;
use std::fmt;

/// The largest number a value or block may have in text.
const MAX_NUMBER: u32 = 1 << 20;

/// Why a text is not IR, and where; lines and columns from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// The line.
    pub line: u32,
    /// The column, in characters.
    pub column: u32,
    /// What was expected.
    pub message: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

impl std::error::Error for ParseError {}

type Result<T> = std::result::Result<T, ParseError>;

/// The module a text describes, whose builtins are called by `names` or by number.
///
/// # Errors
/// The first place where the text is not IR.
pub fn parse_module(text: &str, names: BuiltinNames) -> Result<Module> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, names };
    let mut module = Module { names, ..Module::default() };
    loop {
        match parser.peek() {
            Token::End => return Ok(module),
            Token::Word(word) if word == "global" => {
                parser.advance();
                let global = parser.global()?;
                if global.index() != module.globals.len() {
                    return parser.fail_before("globals are numbered in order");
                }
                let name = parser.text()?.as_str().into();
                module.globals.push(GlobalData { name });
            }
            _ => {
                let func = parser.function()?;
                if func.id.index() != module.functions.len() {
                    return parser.fail_before("functions are numbered in order");
                }
                module.functions.push(func);
            }
        }
    }
}

struct Parser {
    tokens: Vec<Located>,
    at: usize,
    names: BuiltinNames,
}

/// The function being read, and what its text has named so far.
struct Scope {
    func: Function,
    defined: FxHashSet<Val>,
    begun: FxHashSet<Block>,
    /// First mention of each value and block, as token numbers.
    vals: FxHashMap<Val, usize>,
    blocks: FxHashMap<Block, usize>,
}

impl Scope {
    fn define(&mut self, val: Val, def: ValDef, ty: Type) -> bool {
        self.func.values[val] = ValData { def, ty };
        self.defined.insert(val)
    }
}

impl Parser {
    fn peek(&self) -> &Token {
        &self.tokens[self.at].token
    }

    fn advance(&mut self) -> Token {
        let token = self.peek().clone();
        if token != Token::End {
            self.at += 1;
        }
        token
    }

    fn fail_at<T>(&self, at: usize, message: impl Into<String>) -> Result<T> {
        let Located { line, column, .. } = self.tokens[at];
        Err(ParseError { line, column, message: message.into() })
    }

    fn fail<T>(&self, message: impl Into<String>) -> Result<T> {
        self.fail_at(self.at, message)
    }

    fn fail_before<T>(&self, message: impl Into<String>) -> Result<T> {
        self.fail_at(self.at.saturating_sub(1), message)
    }

    fn eat(&mut self, mark: char) -> bool {
        let found = *self.peek() == Token::Mark(mark);
        self.at += found as usize;
        found
    }

    fn expect(&mut self, mark: char) -> Result<()> {
        if self.eat(mark) { Ok(()) } else { self.fail(format!("expected `{mark}`")) }
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Token::Word(other) if other == word);
        self.at += found as usize;
        found
    }

    fn expect_word(&mut self, word: &str) -> Result<()> {
        if self.eat_word(word) { Ok(()) } else { self.fail(format!("expected `{word}`")) }
    }

    fn text(&mut self) -> Result<String> {
        match self.advance() {
            Token::Text(text) => Ok(text),
            _ => self.fail_before("expected a string"),
        }
    }

    fn number(&mut self) -> Result<u32> {
        match self.peek() {
            Token::Int(int) => match u32::try_from(*int) {
                Ok(number) => {
                    self.at += 1;
                    Ok(number)
                }
                Err(_) => self.fail("number out of range"),
            },
            _ => self.fail("expected a number"),
        }
    }

    /// The number of the next token if it is a reference such as `v3`.
    fn peek_reference(&self, prefix: &str) -> Option<u32> {
        let Token::Word(word) = self.peek() else { return None };
        let digits = word.strip_prefix(prefix)?;
        let canonical = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        if canonical { digits.parse().ok() } else { None }
    }

    fn reference(&mut self, prefix: &str, what: &str) -> Result<u32> {
        match self.peek_reference(prefix) {
            Some(number) if number < MAX_NUMBER => {
                self.at += 1;
                Ok(number)
            }
            Some(_) => self.fail("number out of range"),
            None => self.fail(format!("expected {what}, such as `{prefix}0`")),
        }
    }

    fn global(&mut self) -> Result<Global> {
        self.reference("global", "a global").map(Global::from_u32)
    }

    fn val(&mut self, scope: &mut Scope) -> Result<Val> {
        let at = self.at;
        let val = Val::from_u32(self.reference("v", "a value")?);
        while scope.func.values.len() <= val.index() {
            scope.func.values.push(ValData { def: ValDef::Param(scope.func.entry, u32::MAX), ty: Type::NONE });
        }
        scope.vals.entry(val).or_insert(at);
        Ok(val)
    }

    fn block(&mut self, scope: &mut Scope) -> Result<Block> {
        let at = self.at;
        let block = Block::from_u32(self.reference("block", "a block")?);
        while scope.func.blocks.len() <= block.index() {
            scope.func.blocks.push(BlockData::default());
        }
        scope.blocks.entry(block).or_insert(at);
        Ok(block)
    }

    fn ty(&mut self) -> Result<Type> {
        let named = [
            ("top", Type::TOP),
            ("any", Type::ANY),
            ("number", Type::NUMBER),
            ("int", Type::INT),
            ("none", Type::NONE),
        ];
        let mut ty = Type::NONE;
        loop {
            let Token::Word(word) = self.advance() else { return self.fail_before("expected a type") };
            let kinds = Type::KINDS.iter().map(|&(kind, name)| (name, kind));
            let Some((_, kind)) = named.iter().copied().chain(kinds).find(|&(name, _)| name == word) else {
                return self.fail_before(format!("unknown type `{word}`"));
            };
            ty = ty.union(kind);
            if !self.eat('|') {
                return Ok(ty);
            }
        }
    }

    fn span(&mut self) -> Result<Span> {
        if !self.eat('@') {
            return Ok(Span::default());
        }
        let start = self.number()?;
        self.expect('+')?;
        let len = self.number()?;
        let source = if self.eat(':') { self.number()? } else { 0 };
        match (u16::try_from(len), u16::try_from(source)) {
            (Ok(len), Ok(source)) => Ok(Span { start, len, source: SourceId(source) }),
            _ => self.fail_before("span out of range"),
        }
    }

    fn function(&mut self) -> Result<Function> {
        self.expect_word("function")?;
        let id = FuncRef::from_u32(self.reference("fn", "a function")?);
        let name = if self.eat_word("_") { None } else { Some(self.text()?.as_str().into()) };
        self.expect('(')?;
        let arity = self.number()?;
        self.expect(')')?;
        self.expect_word("captures")?;
        let captures = self.number()?;
        let span = self.span()?;
        self.expect('{')?;
        let mut func = Function::new(id, name, 0, span);
        (func.arity, func.captures) = (arity, captures);
        func.layout.clear();
        let mut scope = Scope {
            func,
            defined: FxHashSet::default(),
            begun: FxHashSet::default(),
            vals: FxHashMap::default(),
            blocks: FxHashMap::default(),
        };
        while !self.eat('}') {
            self.block_text(&mut scope)?;
        }
        if scope.func.layout.is_empty() {
            return self.fail_before("a function has at least one block");
        }
        if let Some(at) = scope.vals.iter().filter(|(val, _)| !scope.defined.contains(val)).map(|(_, &at)| at).min() {
            return self.fail_at(at, "a value that is defined nowhere");
        }
        if let Some(at) = scope.blocks.iter().filter(|(block, _)| !scope.begun.contains(block)).map(|(_, &at)| at).min()
        {
            return self.fail_at(at, "a block that is defined nowhere");
        }
        Ok(scope.func)
    }

    fn block_text(&mut self, scope: &mut Scope) -> Result<()> {
        let block = self.block(scope)?;
        if scope.func.layout.is_empty() && block != scope.func.entry {
            return self.fail_before("the first block is `block0`");
        }
        if !scope.begun.insert(block) {
            return self.fail_before("a block of this number came before");
        }
        scope.func.layout.push(block);
        if self.eat('(') {
            loop {
                let val = self.val(scope)?;
                self.expect(':')?;
                let ty = self.ty()?;
                let index = scope.func.blocks[block].params.len() as u32;
                if !scope.define(val, ValDef::Param(block, index), ty) {
                    return self.fail_before("a value of this number came before");
                }
                scope.func.blocks[block].params.push(val);
                if !self.eat(',') {
                    break;
                }
            }
            self.expect(')')?;
        }
        self.expect(':')?;
        while *self.peek() != Token::Mark('}') && self.peek_reference("block").is_none() {
            let inst = self.inst(scope)?;
            scope.func.blocks[block].insts.push(inst);
        }
        Ok(())
    }

    fn inst(&mut self, scope: &mut Scope) -> Result<Inst> {
        let begin = self.at;
        let mut result = None;
        if self.peek_reference("v").is_some() {
            let val = self.val(scope)?;
            let ty = if self.eat(':') { Some(self.ty()?) } else { None };
            self.expect('=')?;
            result = Some((val, ty));
        }
        let op = match self.advance() {
            Token::Word(name) => match Op::from_name(&name) {
                Some(op) => op,
                None => return self.fail_before(format!("unknown instruction `{name}`")),
            },
            _ => return self.fail_before("expected an instruction"),
        };
        if result.is_some() != op.info().result.is_some() {
            let form = if result.is_some() { "no" } else { "a" };
            return self.fail_at(begin, format!("`{}` has {form} result", op.info().name));
        }
        let mut data = InstData {
            op,
            args: SmallVec::new(),
            imm: Imm::None,
            targets: SmallVec::new(),
            unwind: None,
            result: result.map(|(val, _)| val).into(),
            drop_mask: 0,
            span: Span::default(),
        };
        if op.info().imm != ImmKind::None {
            data.imm = self.imm(scope, op.info().imm)?;
        }
        self.operands(scope, &mut data)?;
        if self.eat_word("unwind") {
            data.unwind = Some(Box::new(self.block_call(scope)?));
            scope.func.handles = true;
        }
        data.span = self.span()?;
        let imm = data.imm;
        let inst = scope.func.insts.push(data);
        if let Some((val, ty)) = result {
            let ty = ty.unwrap_or_else(|| default_type(&scope.func, op, imm));
            if !scope.define(val, ValDef::Result(inst), ty) {
                return self.fail_at(begin, "a value of this number came before");
            }
        }
        Ok(inst)
    }

    /// Operands, then targets, separated by commas; a comma stands before the first one if there is an immediate.
    fn operands(&mut self, scope: &mut Scope, data: &mut InstData) -> Result<()> {
        let is_end = matches!(data.op.info().flow, Flow::End(_));
        let mut more = if data.imm == Imm::None {
            // A reference on a line of its own begins the next instruction or block.
            self.is_same_line() && (self.peek_reference("v").is_some() || self.peek_reference("block").is_some())
        } else {
            self.eat(',')
        };
        while more {
            if is_end && self.peek_reference("block").is_some() {
                data.targets.push(self.block_call(scope)?);
            } else {
                let val = self.val(scope)?;
                if self.eat('!') {
                    match 1u32.checked_shl(data.args.len() as u32) {
                        Some(bit) => data.drop_mask |= bit,
                        None => return self.fail_before("only the first 32 operands can be released"),
                    }
                }
                data.args.push(val);
            }
            more = self.eat(',');
        }
        Ok(())
    }

    fn is_same_line(&self) -> bool {
        self.at > 0 && self.tokens[self.at].line == self.tokens[self.at - 1].line
    }

    fn block_call(&mut self, scope: &mut Scope) -> Result<BlockCall> {
        let block = self.block(scope)?;
        let mut args = SmallVec::new();
        if self.is_same_line() && self.eat('(') {
            loop {
                args.push(self.val(scope)?);
                if !self.eat(',') {
                    break;
                }
            }
            self.expect(')')?;
        }
        Ok(BlockCall { block, args })
    }

    fn imm(&mut self, scope: &mut Scope, kind: ImmKind) -> Result<Imm> {
        Ok(match kind {
            ImmKind::None => Imm::None,
            ImmKind::Const => {
                let data = self.constant()?;
                Imm::Const(scope.func.constant(data))
            }
            ImmKind::Func => Imm::Func(FuncRef::from_u32(self.reference("fn", "a function")?)),
            ImmKind::Builtin => Imm::Builtin(self.builtin()?),
            ImmKind::Global => Imm::Global(self.global()?),
            ImmKind::Path => {
                let data = self.path(scope)?;
                Imm::Path(scope.func.paths.push(data))
            }
            ImmKind::Index => Imm::Index(self.number()?),
        })
    }

    fn builtin(&mut self) -> Result<BuiltinId> {
        if let Token::Word(word) = self.peek() {
            let found = (self.names.lookup)(word);
            self.advance();
            return match found {
                Some(id) => Ok(id),
                None => self.fail_before("unknown builtin"),
            };
        }
        match u16::try_from(self.number()?) {
            Ok(number) => Ok(BuiltinId(number)),
            Err(_) => self.fail_before("number out of range"),
        }
    }

    fn constant(&mut self) -> Result<ConstData> {
        let token = self.advance();
        Ok(match token {
            Token::Int(int) => ConstData::Int(int),
            Token::Float(float) => ConstData::Float(float.to_bits()),
            Token::Text(text) => ConstData::Str(text.as_str().into()),
            Token::Word(word) => match word.as_str() {
                "null" => ConstData::Null,
                "true" => ConstData::Bool(true),
                "false" => ConstData::Bool(false),
                "undef" => ConstData::Undef,
                "inf" => ConstData::Float(f64::INFINITY.to_bits()),
                "nan" => {
                    self.expect('(')?;
                    let Token::Hex(bits) = self.advance() else {
                        return self.fail_before("expected the bits of a NaN");
                    };
                    self.expect(')')?;
                    ConstData::Float(bits)
                }
                _ => return self.fail_before("expected a constant"),
            },
            _ => return self.fail_before("expected a constant"),
        })
    }

    fn path(&mut self, scope: &mut Scope) -> Result<PathData> {
        self.expect('{')?;
        let name = scope.func.constant(ConstData::Str(self.text()?.as_str().into()));
        let global = if self.peek_reference("global").is_some() { Some(self.global()?) } else { None };
        let mut path = PathData {
            name,
            global,
            steps: SmallVec::new(),
            update: None,
            later: SmallVec::new(),
            places: SmallVec::new(),
        };
        loop {
            if self.eat('[') {
                self.expect(']')?;
                path.steps.push(Step::Index);
            } else if self.eat('.') {
                let field = ConstData::Str(self.text()?.as_str().into());
                path.steps.push(Step::Field(scope.func.constant(field)));
            } else {
                break;
            }
        }
        if self.eat_word("update") {
            path.update = Some(if self.eat_word("push") {
                UpdateOp::Push
            } else if self.eat_word("builtin") {
                UpdateOp::Builtin(self.builtin()?)
            } else if self.eat_word("alone") {
                UpdateOp::Alone(self.builtin()?)
            } else {
                let symbol = self.text()?;
                match BinaryOp::ALL.iter().find(|op| op.symbol() == symbol) {
                    Some(&op) => UpdateOp::Binary(op),
                    None => return self.fail_before("expected `push` or a binary operator in quotes"),
                }
            });
        }
        let mut of_steps = false;
        while !self.eat('}') {
            if !of_steps && self.eat_word("at") {
                of_steps = true;
                continue;
            }
            let span = self.span()?;
            if span == Span::default() {
                return self.fail_before("expected the end of a path");
            }
            if of_steps { path.places.push(span) } else { path.later.push(span) }
        }
        Ok(path)
    }
}
