//! Programs as trees: what the generator makes and the shrinker takes apart.
//!
//! A node is text with nodes in between. Its sort says what may stand in its place, which is all that shrinking needs to know: it
//! never has to understand a program. What must stay together for a program to end (the step of a loop, the counter of a
//! recursion) is text of one node.

use super::types::Ty;
use std::borrow::Cow;

/// What may stand where a node stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// An expression of this type.
    Expr(Ty),
    /// A number of iterations or a key: only a smaller literal may stand for it.
    Literal,
    /// A statement.
    Stmt,
    /// Statements, each on a line; any of them may be missing.
    Body,
    /// Items with commas between; any of them may be missing.
    List,
    /// An item of a list that is no expression.
    Item,
}

/// A piece of a node.
#[derive(Clone, Debug)]
pub enum Part {
    /// Program text.
    Text(Cow<'static, str>),
    /// What is put in.
    Node(Node),
}

/// A part of a program.
#[derive(Clone, Debug)]
pub struct Node {
    /// What may stand here.
    pub sort: Sort,
    /// The pieces, in order.
    pub parts: Vec<Part>,
}

impl Node {
    /// Text alone.
    pub fn text(sort: Sort, text: impl Into<Cow<'static, str>>) -> Node {
        Node { sort, parts: vec![Part::Text(text.into())] }
    }

    /// `template` with the children in place of its `@`s.
    pub fn new(sort: Sort, template: &str, children: Vec<Node>) -> Node {
        let mut parts = Vec::with_capacity(2 * children.len() + 1);
        let mut texts = template.split('@');
        parts.push(Part::Text(texts.next().unwrap_or_default().to_owned().into()));
        let mut children = children.into_iter();
        for text in texts {
            parts.push(Part::Node(children.next().unwrap_or_else(|| panic!("too few children for {template}"))));
            parts.push(Part::Text(text.to_owned().into()));
        }
        assert!(children.next().is_none(), "too many children for {template}");
        Node { sort, parts }
    }

    /// A body or list of `children`.
    pub fn sequence(sort: Sort, children: Vec<Node>) -> Node {
        Node { sort, parts: children.into_iter().map(Part::Node).collect() }
    }

    /// The nodes directly below.
    pub fn children(&self) -> impl Iterator<Item = &Node> {
        self.parts.iter().filter_map(|part| match part {
            Part::Node(node) => Some(node),
            Part::Text(_) => None,
        })
    }

    /// The program text.
    pub fn render(&self) -> String {
        let mut text = String::new();
        self.write(&mut text, 0);
        text
    }

    fn write(&self, out: &mut String, depth: usize) {
        match self.sort {
            Sort::Body => {
                for child in self.children() {
                    if !out.is_empty() {
                        out.push('\n');
                    }
                    out.extend(std::iter::repeat_n("  ", depth));
                    child.write(out, depth + 1);
                }
                if depth > 0 && !self.parts.is_empty() {
                    out.push('\n');
                    out.extend(std::iter::repeat_n("  ", depth - 1));
                }
            }
            Sort::List => {
                for (index, child) in self.children().enumerate() {
                    out.push_str(if index == 0 { "" } else { ", " });
                    child.write(out, depth);
                }
            }
            _ => {
                for part in &self.parts {
                    match part {
                        Part::Text(text) => out.push_str(text),
                        Part::Node(node) => node.write(out, depth),
                    }
                }
            }
        }
    }
}
