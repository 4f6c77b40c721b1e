//! Source texts, positions in them, and spans.
//!
//! A [`Span`] is eight bytes and `Copy`, so every token, tree node, IR instruction and bytecode instruction can carry one.
//! A [`SourceMap`] owns the texts and turns spans into lines and columns: a line ends at `\n`, `\r\n` or a lone `\r`, lines
//! and columns start at 1, columns count characters.

use super::limits::MAX_SOURCE_BYTES;

/// Identifies one source text (the main script, a module, the prelude).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(pub u16);

/// A half-open range of bytes `[start, start + len)` in one source. Sources are at most 1 MiB, so `start` fits 24 bits;
/// spans longer than `u16::MAX` bytes are cut there (only their start is ever shown).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// Length in bytes, saturated.
    pub len: u16,
    /// Which source.
    pub source: SourceId,
}

impl Span {
    /// The span of bytes `[start, end)` of `source`.
    pub fn new(source: SourceId, start: usize, end: usize) -> Span {
        Span { start: start as u32, len: end.saturating_sub(start).min(u16::MAX as usize) as u16, source }
    }

    /// One past the last byte.
    pub fn end(self) -> u32 {
        self.start + self.len as u32
    }

    /// From the start of `self` to the end of `other`.
    pub fn to(self, other: Span) -> Span {
        Span::new(self.source, self.start as usize, other.end().max(self.end()) as usize)
    }
}

/// A line and a column, both starting at 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

/// The first byte of every line of a text.
#[derive(Clone, Debug)]
pub struct LineTable {
    starts: Vec<u32>,
}

impl LineTable {
    /// The lines of `text`.
    pub fn new(text: &str) -> LineTable {
        let bytes = text.as_bytes();
        let mut starts = vec![0];
        for i in memchr::memchr2_iter(b'\n', b'\r', bytes) {
            if bytes[i] == b'\n' || bytes.get(i + 1) != Some(&b'\n') {
                starts.push(i as u32 + 1);
            }
        }
        LineTable { starts }
    }

    /// The line holding the byte `offset`, from 1.
    pub fn line(&self, offset: u32) -> u32 {
        self.starts.partition_point(|&start| start <= offset) as u32
    }

    /// The line and column of the byte `offset` of `text`, the text this table was made from.
    pub fn position(&self, text: &str, offset: u32) -> Position {
        let offset = offset.min(text.len() as u32);
        let line = self.line(offset);
        let start = self.starts[line as usize - 1];
        let before = &text.as_bytes()[start as usize..offset as usize];
        let column = before.iter().filter(|&&byte| byte & 0xC0 != 0x80).count() as u32 + 1;
        Position { line, column }
    }

    /// The bytes of `line` in `text`, without its line end.
    pub fn range(&self, text: &str, line: u32) -> std::ops::Range<usize> {
        let start = self.starts[line as usize - 1] as usize;
        let end = self.starts.get(line as usize).map_or(text.len(), |&next| next as usize);
        let content = text[start..end].trim_end_matches(['\n', '\r']);
        start..start + content.len()
    }

    /// How many lines there are; an empty text has one.
    pub fn count(&self) -> u32 {
        self.starts.len() as u32
    }
}

/// One source text.
#[derive(Clone, Debug)]
pub struct Source {
    /// The name shown in messages: the path as given.
    pub name: String,
    /// The text.
    pub text: String,
    /// Its lines.
    pub lines: LineTable,
}

/// All source texts of one compilation.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    sources: Vec<Source>,
}

impl SourceMap {
    /// Without sources.
    pub fn new() -> SourceMap {
        SourceMap::default()
    }

    /// Takes in a text. `None` if there are 65,536 already.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> Option<SourceId> {
        let id = SourceId(u16::try_from(self.sources.len()).ok()?);
        let text = text.into();
        let lines = LineTable::new(&text);
        self.sources.push(Source { name: name.into(), text, lines });
        Some(id)
    }

    /// The source `id`.
    pub fn get(&self, id: SourceId) -> &Source {
        &self.sources[id.0 as usize]
    }

    /// The source `id` if this map has it.
    pub fn try_get(&self, id: SourceId) -> Option<&Source> {
        self.sources.get(id.0 as usize)
    }

    /// The line and column where `span` starts.
    pub fn position(&self, span: Span) -> Position {
        let source = self.get(span.source);
        source.lines.position(&source.text, span.start)
    }

    /// The line where `span` starts.
    pub fn line(&self, span: Span) -> u32 {
        self.get(span.source).lines.line(span.start)
    }

    /// How many sources there are.
    pub fn len(&self) -> usize {
        self.sources.len()
    }

    /// Whether there are no sources.
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }
}

/// What some editors write before a text in UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Checks the encoding of a program's text, and takes off a byte order mark. A text that is too large passes: the parser refuses it
/// with a position.
///
/// # Errors
/// Where the text is not UTF-8.
pub fn decode(mut bytes: Vec<u8>) -> Result<String, String> {
    if bytes.starts_with(BYTE_ORDER_MARK) {
        bytes.drain(..BYTE_ORDER_MARK.len());
    }
    if bytes.len() > MAX_SOURCE_BYTES {
        return Ok(String::from_utf8_lossy(&bytes).into_owned());
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = 1 + error.as_bytes()[..valid].iter().filter(|&&byte| byte == b'\n').count();
        format!("source is not valid UTF-8 (byte {valid}, line {line})")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_line_end_counts_once() {
        let text = "a\r\nbé\rc\n\nd";
        let lines = LineTable::new(text);
        assert_eq!(lines.count(), 5);
        let at = |needle: &str| {
            let p = lines.position(text, text.find(needle).unwrap() as u32);
            (p.line, p.column)
        };
        assert_eq!(at("a"), (1, 1));
        assert_eq!(at("é"), (2, 2));
        assert_eq!(at("c"), (3, 1));
        assert_eq!(at("d"), (5, 1));
        assert_eq!(&text[lines.range(text, 1)], "a");
        assert_eq!(&text[lines.range(text, 2)], "bé");
        assert_eq!(&text[lines.range(text, 4)], "");
        assert_eq!(lines.position(text, text.len() as u32), Position { line: 5, column: 2 });
        assert_eq!(lines.position(text, 9999), Position { line: 5, column: 2 });
    }

    #[test]
    fn columns_count_characters() {
        let text = "\"é日本\" x";
        let lines = LineTable::new(text);
        assert_eq!(lines.position(text, text.find('x').unwrap() as u32).column, 7);
    }

    #[test]
    fn spans_of_a_map_find_their_source() {
        let mut map = SourceMap::new();
        let a = map.add("a", "x").unwrap();
        let b = map.add("b", "\n  y").unwrap();
        assert_eq!(map.position(Span::new(a, 0, 1)), Position { line: 1, column: 1 });
        assert_eq!(map.position(Span::new(b, 3, 4)), Position { line: 2, column: 3 });
        assert_eq!(map.line(Span::new(b, 3, 4)), 2);
    }

    #[test]
    fn encodings_are_checked() {
        assert_eq!(decode(b"x".to_vec()), Ok("x".to_owned()));
        assert_eq!(decode(b"a\nb\xFF".to_vec()), Err("source is not valid UTF-8 (byte 3, line 2)".to_owned()));
        assert_eq!(decode("\u{feff}x\u{feff}".into()), Ok("x\u{feff}".to_owned()));
        assert!(decode(vec![b' '; MAX_SOURCE_BYTES + 1]).is_ok());
    }
}
