//! What the writer of a program that does not parse probably meant: the habits of other languages, misspelt keywords, brackets that are
//! never closed.
//!
//! The parser stops at the first token that fits nothing. Where the tokens around it show a habit, the diagnostic gets the place, the
//! words and the help of it; the table of [`hint`] has the texts. Nothing here decides whether a program is one.

use super::{Failed, Parse, Parser, is_word};
use crate::base::diagnostic::Diagnostic;
use crate::base::hint::{self, Situation};
use crate::base::source::Span;
use crate::syntax::token::{NO_PAYLOAD, TokenKind};

/// What the message says is expected, the token found there, and what it shows.
const EXPECTATIONS: &[(&str, &[TokenKind], Situation)] = {
    use Situation::*;
    use TokenKind::*;
    &[
        ("'{' to start function body", &[Colon], ReturnType),
        ("'{' to start", &[Colon], BlockColon),
        ("'{' to start", &[Eq, ColonEq], AssignInCondition),
        ("'{' to start", &[In], Membership),
        (
            "'{' to start",
            &[Ident, Return, Break, Continue, If, For, While, Loop, Match, Int, Str, StrHead],
            WithoutBraces,
        ),
        ("after parameter", &[Eq, ColonEq], DefaultArgument),
        ("after argument", &[Eq, ColonEq, Colon], NamedArgument),
        ("after argument", &[In], Membership),
        ("after argument", &[Bang], Modulus),
        ("a loop variable", &[LeftParen], ForClauses),
        ("a loop variable", &[LeftBracket, LeftBrace], ForPair),
        ("keyword 'in'", &[Comma], ForPair),
        ("after array element", &[For], Comprehension),
        ("']'", &[Colon], Slice),
        ("':=' or '='", &[Eof, Semicolon, RightBrace, Ident, Let, Mut, Const, Func, Return, If, For, While], NoValue),
        ("expression", &[If, Match, Loop, While, For, Try], StatementAsValue),
        ("a module name", &[Str], ImportText),
        ("a module name", &[LeftBrace], ImportBraces),
        ("a name to import", &[Star], ImportAll),
        ("an error variable", &[LeftParen], ExceptParenthesis),
        ("'case', 'default' or '}' in match", &[Ident, Int, Float, Str, True, False, Null, Minus, Else], MatchArm),
        ("after variant", &[LeftParen], Payload),
        ("'('", &[Less], TypeParameters),
        ("after dictionary key", &[Eq, ColonEq], EntryEquals),
    ]
};

/// Keywords that start a statement or go on with one.
fn leads(kind: TokenKind) -> bool {
    use TokenKind::*;
    matches!(
        kind,
        Let | Mut
            | Const
            | Func
            | Return
            | Enum
            | Match
            | Case
            | Default
            | If
            | Else
            | Loop
            | While
            | For
            | Break
            | Continue
            | Try
            | Except
            | Import
            | Export
            | From
            | Struct
            | Spawn
            | Test
            | Async
            | Yield
            | Await
    )
}

fn closer(kind: TokenKind) -> TokenKind {
    match kind {
        TokenKind::LeftParen => TokenKind::RightParen,
        TokenKind::LeftBracket => TokenKind::RightBracket,
        _ => TokenKind::RightBrace,
    }
}

fn is_closer(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::RightParen | TokenKind::RightBracket | TokenKind::RightBrace)
}

impl Parser<'_, '_, '_> {
    /// Gives a diagnostic about the token it stands at the place, words and help of what the tokens around it show.
    #[cold]
    pub(super) fn explain(&self, problem: &mut Diagnostic) {
        let at = self.tokens.list.partition_point(|token| token.start < problem.span.start);
        let at = at.min(self.tokens.list.len() - 1);
        let _ = self.explain_number(at, problem)
            || self.explain_marks(at, problem)
            || self.explain_decrement(at, problem)
            || self.explain_arrow(at, problem)
            || self.explain_leading_word(at, problem)
            || self.explain_word(at, problem)
            || self.explain_expectation(at, problem)
            || self.explain_open_bracket(at, problem);
    }

    /// A dictionary whose first key is none, at the token `start`: more probably a block. `before` diagnostics were there before it.
    #[cold]
    pub(super) fn no_dictionary<T>(&mut self, start: usize, before: usize) -> Parse<T> {
        if self.limited || self.diagnostics.len() == before {
            return Err(Failed);
        }
        let leading = self.leading(start);
        let previous = start.checked_sub(1).map_or(TokenKind::Eof, |previous| self.kind_of(previous));
        let span = self.span_of(self.tokens.list[start]);
        let header = matches!(previous, TokenKind::If | TokenKind::While | TokenKind::Match);
        let named = self.called_before(start);
        let explained = if header {
            let mut problem = Diagnostic::parse(format!("Expected a condition after '{}'", previous.text()), span);
            problem.advice.help(Situation::NoCondition.advice(&[previous.text()]));
            Some(problem)
        } else if let Some(problem) = self.no_keyword(leading).filter(|_| leading < start) {
            Some(problem)
        } else if let Some(advice) = named.and_then(|named| hint::word(self.words(named))) {
            named.map(|named| self.not_a_keyword(named, advice.to_owned()))
        } else if let Some(named) = named.filter(|&named| named == leading) {
            let mut problem = Diagnostic::parse("Expected a declaration before this block", span);
            problem.advice.help(Situation::NoFunc.advice(&[self.words(named)]));
            Some(problem)
        } else {
            None
        };
        if let Some(problem) = explained {
            self.diagnostics.truncate(before);
            self.diagnostics.push(problem);
        } else if leading == start
            && let Some(problem) = self.diagnostics.get_mut(before)
        {
            problem.advice = Default::default();
            problem.advice.label(span, "");
            problem.advice.help(Situation::BareBlock.advice(&[]));
        }
        Err(Failed)
    }

    fn kind_of(&self, index: usize) -> TokenKind {
        self.tokens.list[index].kind
    }

    fn words(&self, index: usize) -> &str {
        let token = self.tokens.list[index];
        &self.text[token.start as usize..token.end() as usize]
    }

    /// Whether nothing stands between a token and the one after it.
    fn adjacent(&self, index: usize) -> bool {
        index + 1 < self.tokens.list.len() && self.tokens.list[index].end() == self.tokens.list[index + 1].start
    }

    fn span_between(&self, first: usize, last: usize) -> Span {
        let (first, last) = (self.tokens.list[first], self.tokens.list[last]);
        Span::new(self.source, first.start as usize, last.end() as usize)
    }

    /// The first token of the line of `index`, or the first behind a brace or `;` there.
    fn leading(&self, index: usize) -> usize {
        let starts = |&at: &usize| {
            self.tokens.list[at].first_on_line
                || matches!(self.kind_of(at - 1), TokenKind::LeftBrace | TokenKind::RightBrace | TokenKind::Semicolon)
        };
        (1..=index).rev().find(starts).unwrap_or(0)
    }

    /// The word before the parentheses that end before the token `start`.
    fn called_before(&self, start: usize) -> Option<usize> {
        let close = start.checked_sub(1).filter(|&close| self.kind_of(close) == TokenKind::RightParen)?;
        let open = (0..close).rev().find(|&open| {
            self.tokens.list[open].payload == close as u32 && self.kind_of(open) == TokenKind::LeftParen
        })?;
        open.checked_sub(1).filter(|&word| self.kind_of(word) == TokenKind::Ident)
    }

    fn not_a_keyword(&self, index: usize, advice: String) -> Diagnostic {
        let message = format!("'{}' is not a keyword", self.words(index));
        let mut problem = Diagnostic::parse(message, self.span_of(self.tokens.list[index]));
        problem.advice.help(advice);
        problem
    }

    /// What is wrong with a word that leads a statement, if it is one of other languages or a misspelt keyword.
    fn no_keyword(&self, index: usize) -> Option<Diagnostic> {
        if self.kind_of(index) != TokenKind::Ident {
            return None;
        }
        let word = self.words(index);
        let advice = hint::word(word).map(str::to_owned).or_else(|| {
            let keywords = TokenKind::KEYWORDS.iter().filter(|&&kind| leads(kind)).map(|kind| kind.text());
            hint::nearest(word, keywords).map(|keyword| Situation::NearKeyword.advice(&[keyword]))
        })?;
        Some(self.not_a_keyword(index, advice))
    }

    /// `.5`, `1.`, `1.2.3`
    fn explain_number(&self, at: usize, problem: &mut Diagnostic) -> bool {
        use TokenKind::{Dot, Float, Int};
        let number = |index: usize| matches!(self.kind_of(index), Int | Float);
        // The point is at the failing token, before it, or before a word on the next line.
        let Some(point) = (at.saturating_sub(2)..=at).rev().find(|&index| self.kind_of(index) == Dot) else {
            return false;
        };
        let before = point > 0 && number(point - 1) && self.adjacent(point - 1);
        let after = self.adjacent(point) && number(point + 1);
        let next_line = at <= point + 1 || self.tokens.list[point + 1].first_on_line;
        let (span, message, advice) = if before && after {
            let mut last = point + 1;
            while self.adjacent(last) && (self.kind_of(last + 1) == Dot || number(last + 1)) {
                last += 1;
            }
            let span = self.span_between(point - 1, last);
            (span, "A number has only one point", Situation::TwoPoints)
        } else if before && next_line && !(self.adjacent(point) && is_word(self.kind_of(point + 1))) {
            (
                self.span_between(point - 1, point),
                "A number ends with a digit, not with its point",
                Situation::PointLast,
            )
        } else if after && at == point && !(point > 0 && self.kind_of(point - 1) == Dot && self.adjacent(point - 1)) {
            (
                self.span_between(point, point + 1),
                "A number starts with a digit, not with its point",
                Situation::PointFirst,
            )
        } else {
            return false;
        };
        let written = &self.text[span.start as usize..span.end() as usize];
        problem.advice.help(advice.advice(&[written]));
        problem.message = message.to_owned();
        problem.span = span;
        true
    }

    /// Marks that are an operator elsewhere: those at the failing token, or with the one before it.
    fn explain_marks(&self, at: usize, problem: &mut Diagnostic) -> bool {
        let joined = at > 0 && self.adjacent(at - 1) && self.kind_of(at - 1).is_punctuation();
        let starts = [joined.then(|| at - 1), Some(at)];
        for start in starts.into_iter().flatten().filter(|&start| self.kind_of(start).is_punctuation()) {
            let (token, failing) = (self.tokens.list[start], self.tokens.list[at].start);
            let Some((marks, advice)) = hint::marks(&self.text[token.start as usize..]) else { continue };
            let end = token.start + marks.len() as u32;
            let element = problem.message.contains("name") && marks == "...";
            if end <= failing || (marks == "..." && !element && !problem.message.contains("expression")) {
                continue;
            }
            if marks.len() == 2 || marks.len() == 3 && marks != "..." {
                problem.message = format!("There is no operator '{marks}'");
            }
            problem.span = Span::new(self.source, token.start as usize, end as usize);
            problem.advice.help(advice);
            return true;
        }
        false
    }

    /// `i--` goes on with the next statement as its operand, which then fails.
    fn explain_decrement(&self, at: usize, problem: &mut Diagnostic) -> bool {
        let minus = |index: usize| self.kind_of(index) == TokenKind::Minus;
        let decrement = |&index: &usize| {
            let Some(&after) = self.tokens.list.get(index + 2) else { return false };
            let ends = after.first_on_line || is_closer(after.kind) || after.kind == TokenKind::Semicolon;
            minus(index) && minus(index + 1) && self.adjacent(index) && ends
        };
        let last = self.pos.max(at);
        let Some(found) = (at.saturating_sub(2)..=last).find(decrement) else { return false };
        problem.message = "There is no operator '--'".to_owned();
        problem.span = self.span_between(found, found + 1);
        problem.advice.help.extend(hint::marks("--").map(|(_, advice)| advice.to_owned()));
        true
    }

    /// `(x, y) => e`
    fn explain_arrow(&self, at: usize, problem: &mut Diagnostic) -> bool {
        let Some(open) = self.innermost_open(at).filter(|_| self.kind_of(at) == TokenKind::Comma) else { return false };
        let close = self.tokens.list[open].payload;
        if close == NO_PAYLOAD {
            return false;
        }
        let after = self.tokens.list[close as usize + 1];
        let Some(rest) = self.text.get(after.start as usize..).filter(|rest| rest.starts_with("=>")) else {
            return false;
        };
        problem.message = "There is no operator '=>'".to_owned();
        problem.span = Span::new(self.source, after.start as usize, after.start as usize + 2);
        problem.advice.help.extend(hint::marks(rest).map(|(_, advice)| advice.to_owned()));
        true
    }

    /// The statement that fails starts with a word that is no keyword.
    fn explain_leading_word(&self, at: usize, problem: &mut Diagnostic) -> bool {
        let leading = self.leading(at);
        let next = self.tokens.list[(leading + 1).min(self.tokens.list.len() - 1)];
        let follows = is_word(next.kind)
            || matches!(next.kind, TokenKind::Int | TokenKind::Float | TokenKind::Str | TokenKind::StrHead)
            || matches!(next.kind, TokenKind::LeftBrace | TokenKind::Colon);
        if leading == at || next.first_on_line || !follows {
            return false;
        }
        self.no_keyword(leading).map(|found| *problem = found).is_some()
    }

    /// The failing token or one shortly before it is a word of other languages.
    fn explain_word(&self, at: usize, problem: &mut Diagnostic) -> bool {
        let found = self.kind_of(at);
        let text = self.tokens.list[at];
        if found == TokenKind::Str && at > 0 && self.kind_of(at - 1) == TokenKind::Ident && self.adjacent(at - 1)
            || found == TokenKind::StrHead && at > 0 && self.adjacent(at - 1)
        {
            problem.span = self.span_of(self.tokens.list[at - 1]);
            problem.message = format!("'{}' stands before a text", self.words(at - 1));
            problem.advice.help(Situation::FormattedText.advice(&[]));
            return true;
        }
        let expression = problem.message.starts_with("Expected expression");
        if (found == TokenKind::Ident || found.is_keyword() && expression)
            && let Some(advice) = hint::word(self.words(at))
        {
            problem.advice.help(advice);
            return true;
        }
        for back in [1, 2] {
            let Some(word) = at.checked_sub(back).filter(|_| !text.first_on_line) else { return false };
            if self.kind_of(word) == TokenKind::Ident
                && let Some(advice) = hint::word(self.words(word))
            {
                *problem = self.not_a_keyword(word, advice.to_owned());
                return true;
            }
        }
        false
    }

    /// What was found where something else was expected says it all.
    fn explain_expectation(&self, at: usize, problem: &mut Diagnostic) -> bool {
        let found = self.kind_of(at);
        let question = (self.leading(at)..at).rev().find(|&index| self.kind_of(index) == TokenKind::Question);
        if let Some(question) = question
            && (found == TokenKind::Colon || question + 1 == at)
            && problem.message.starts_with("Expected")
        {
            problem.message = "There is no operator '? :'".to_owned();
            problem.span = self.span_of(self.tokens.list[question]);
            problem.advice.help(Situation::Ternary.advice(&[]));
            return true;
        }
        if problem.message.starts_with("Keyword 'mut'") && at > 0 && self.kind_of(at - 1) == TokenKind::Let {
            problem.advice.help(Situation::LetMut.advice(&[]));
            return true;
        }
        let Some((expected, _)) = problem.message.split_once(", found") else { return false };
        let expects = |text: &str| expected.contains(text);
        let row = EXPECTATIONS.iter().find(|(text, kinds, _)| expects(text) && kinds.contains(&found));
        let Some(&(_, _, situation)) = row else { return false };
        problem.advice.help(situation.advice(&[found.text()]));
        true
    }

    /// The innermost bracket or string hole that is open before the token `at`.
    fn innermost_open(&self, at: usize) -> Option<usize> {
        let mut closed = 0usize;
        (0..at).rev().find(|&index| match self.kind_of(index) {
            kind if is_closer(kind) || kind == TokenKind::StrTail => {
                closed += 1;
                false
            }
            kind if kind.is_opener() || kind == TokenKind::StrHead => {
                let open = closed == 0;
                closed = closed.saturating_sub(1);
                open
            }
            _ => false,
        })
    }

    /// A bracket that is never closed, or closed by one of another kind.
    fn explain_open_bracket(&self, at: usize, problem: &mut Diagnostic) -> bool {
        let Some(open) = self.innermost_open(at).filter(|&open| self.kind_of(open).is_opener()) else { return false };
        let (opener, found) = (self.tokens.list[open], self.tokens.list[at]);
        let span = self.span_of(opener);
        if is_closer(found.kind) && found.kind != closer(opener.kind) {
            problem.advice.label(span, Situation::Opened.advice(&[]));
            problem.advice.help(Situation::Mismatch.advice(&[opener.kind.text(), closer(opener.kind).text()]));
            return true;
        }
        let never = found.first_on_line && opener.payload == NO_PAYLOAD;
        if found.kind != TokenKind::Eof && !(never && opener.kind != TokenKind::LeftBrace) {
            return false;
        }
        problem.message = format!("This '{}' is never closed", opener.kind.text());
        problem.span = span;
        if let Some(comment) = self.comment_with(closer(opener.kind), at) {
            problem.advice.label(comment, "");
            problem.advice.help(Situation::SlashSlash.advice(&[]));
        }
        if opener.kind == TokenKind::LeftBrace
            && let Some(suspect) = self.indented_otherwise(open, at)
        {
            problem.advice.label(self.span_of(self.tokens.list[suspect]), Situation::Indented.advice(&[]));
        }
        true
    }

    /// The `//` that starts a comment right behind the token before `at`, with `bracket` in the comment.
    fn comment_with(&self, bracket: TokenKind, at: usize) -> Option<Span> {
        let before = self.tokens.list[at.checked_sub(1)?].end() as usize;
        let line = self.text[before..].split(['\n', '\r']).next().unwrap_or("");
        let start = before + (line.len() - line.trim_start().len());
        let comment = line.trim_start().strip_prefix("//")?;
        comment.contains(bracket.text()).then(|| Span::new(self.source, start, start + 2))
    }

    /// The first `{` between two tokens whose `}` starts a line, indented less than the line of the `{`.
    fn indented_otherwise(&self, from: usize, to: usize) -> Option<usize> {
        let column = |index: usize| {
            let start = self.tokens.list[index].start as usize;
            start - self.text[..start].rfind(['\n', '\r']).map_or(0, |end| end + 1)
        };
        let mut line = 0;
        (from + 1..to).find(|&index| {
            let token = self.tokens.list[index];
            if token.first_on_line {
                line = column(index);
            }
            let close = token.payload as usize;
            token.kind == TokenKind::LeftBrace
                && token.payload != NO_PAYLOAD
                && self.tokens.list[close].first_on_line
                && column(close) < line
        })
    }
}
