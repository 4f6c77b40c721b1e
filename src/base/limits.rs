//! The limits of the language reference and of the implementation's own tables.

/// Largest source text in bytes.
pub const MAX_SOURCE_BYTES: usize = 1_048_576;
/// Most active calls; one more raises.
pub const MAX_CALL_DEPTH: usize = 100_000;
/// Deepest nesting of expressions through brackets, prefix operators and string holes.
pub const MAX_EXPRESSION_DEPTH: usize = 256;
/// Deepest nesting of blocks.
pub const MAX_BLOCK_DEPTH: usize = 128;
/// Most elements of an array literal.
pub const MAX_ARRAY_LITERAL: usize = 4_096;
/// Most entries of a dict literal.
pub const MAX_DICT_LITERAL: usize = 4_096;
/// Most steps of one path instruction; longer paths are walked in pieces.
pub const MAX_PATH_STEPS: usize = 15;
/// Longest identifier in characters.
pub const MAX_IDENTIFIER_CHARS: usize = 256;
/// Longest numeric literal in characters.
pub const MAX_NUMBER_CHARS: usize = 1_024;
/// Longest piece of literal text of a string in characters.
pub const MAX_STRING_CHARS: usize = 8_192;
/// Most diagnostics reported for one source.
pub const MAX_DIAGNOSTICS: usize = 20;
/// Longer call stacks are abbreviated in the middle when shown.
pub const MAX_SHOWN_FRAMES: usize = 64;
