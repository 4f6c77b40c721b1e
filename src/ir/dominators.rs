//! Dominators, after Lengauer and Tarjan, "A Fast Algorithm for Finding Dominators in a Flowgraph" (TOPLAS 1979), the simple
//! version with path compression: O(m log n) on every graph, where iterative methods are quadratic on loops of many exits.
//!
//! Two graphs: [`Dominators`] relates blocks. [`Points`] relates instructions exactly: there each block is cut after every
//! instruction with an exceptional edge, so a value defined by or after an instruction that raises does not dominate the
//! handler, nor what lies behind it.

use super::cfg::Cfg;
use super::entities::{Block, Inst, Val};
use super::function::{Function, ValDef};
use crate::base::effort::spend;
use crate::base::lists::dense;
use cranelift_entity::packed_option::PackedOption;
use cranelift_entity::{EntityRef, SecondaryMap};

const NONE: u32 = u32::MAX;

/// A dominator tree over numbered vertices; vertex 0 is the root.
#[derive(Clone, Debug, Default)]
struct Tree {
    idom: Vec<u32>,
    /// First and last preorder number in the subtree, from 1; 0 for unreachable vertices.
    span: Vec<(u32, u32)>,
    preorder: Vec<u32>,
}

/// Neighbours of each vertex, stored end to end.
struct Neighbours {
    /// Where the neighbours of a vertex begin; those of the next are their end.
    start: Vec<u32>,
    list: Vec<u32>,
}

impl Neighbours {
    fn new(count: usize, edges: impl ExactSizeIterator<Item = (u32, u32)> + Clone) -> Neighbours {
        let mut start = vec![0u32; count + 2];
        let mut list = vec![0; edges.len()];
        for (from, _) in edges.clone() {
            start[from as usize + 2] += 1;
        }
        for i in 2..start.len() {
            start[i] += start[i - 1];
        }
        for (from, to) in edges {
            let next = &mut start[from as usize + 1];
            list[*next as usize] = to;
            *next += 1;
        }
        Neighbours { start, list }
    }

    fn of(&self, vertex: u32) -> &[u32] {
        &self.list[self.start[vertex as usize] as usize..self.start[vertex as usize + 1] as usize]
    }
}

/// The forest of Lengauer and Tarjan, over depth-first numbers.
struct Forest {
    ancestor: Vec<u32>,
    label: Vec<u32>,
    semi: Vec<u32>,
    path: Vec<u32>,
}

impl Forest {
    /// The vertex of smallest semidominator on the path from below the root of `v`'s tree to `v`.
    fn eval(&mut self, v: u32) -> u32 {
        if self.ancestor[v as usize] == NONE {
            return v;
        }
        let mut at = v;
        while self.ancestor[self.ancestor[at as usize] as usize] != NONE {
            self.path.push(at);
            at = self.ancestor[at as usize];
        }
        while let Some(below) = self.path.pop() {
            let above = self.ancestor[below as usize];
            let (best, own) = (self.label[above as usize], self.label[below as usize]);
            if self.semi[best as usize] < self.semi[own as usize] {
                self.label[below as usize] = best;
            }
            self.ancestor[below as usize] = self.ancestor[above as usize];
        }
        self.label[v as usize]
    }
}

impl Tree {
    fn new(vertices: usize, edges: &[(u32, u32)]) -> Tree {
        spend(edges.len());
        let succs = Neighbours::new(vertices, edges.iter().copied());
        let preds = Neighbours::new(vertices, edges.iter().map(|&(from, to)| (to, from)));
        let mut number = vec![NONE; vertices];
        let (mut vertex, mut parent) = (Vec::with_capacity(vertices), Vec::with_capacity(vertices));
        let mut stack = Vec::with_capacity(vertices + 1);
        stack.push((0u32, NONE));
        while let Some((at, from)) = stack.pop() {
            if number[at as usize] == NONE {
                let own = vertex.len() as u32;
                number[at as usize] = own;
                vertex.push(at);
                parent.push(from);
                stack.extend(succs.of(at).iter().rev().map(|&succ| (succ, own)));
            }
        }
        let count = vertex.len();
        let ids: Vec<u32> = (0..count as u32).collect();
        let mut forest = Forest { ancestor: vec![NONE; count], label: ids.clone(), semi: ids, path: Vec::new() };
        let mut idom = vec![0u32; count];
        // Buckets are lists threaded through one vector: a vertex is in one of them.
        let (mut bucket, mut behind) = (vec![NONE; count], vec![NONE; count]);
        for w in (1..count).rev() {
            for &pred in preds.of(vertex[w]).iter().filter(|&&pred| number[pred as usize] != NONE) {
                let u = forest.eval(number[pred as usize]);
                forest.semi[w] = forest.semi[w].min(forest.semi[u as usize]);
            }
            behind[w] = std::mem::replace(&mut bucket[forest.semi[w] as usize], w as u32);
            forest.ancestor[w] = parent[w];
            let mut next = std::mem::replace(&mut bucket[parent[w] as usize], NONE);
            while next != NONE {
                let v = next as usize;
                let u = forest.eval(next);
                idom[v] = if forest.semi[u as usize] < forest.semi[v] { u } else { parent[w] };
                next = behind[v];
            }
        }
        for w in 1..count {
            if idom[w] != forest.semi[w] {
                idom[w] = idom[idom[w] as usize];
            }
        }
        Tree::number(vertices, &vertex, &idom)
    }

    /// Numbers the tree in preorder; `vertex` lists the vertices so that each follows its dominator.
    fn number(vertices: usize, vertex: &[u32], idom: &[u32]) -> Tree {
        let count = vertex.len();
        let mut size = vec![1u32; count];
        for w in (1..count).rev() {
            size[idom[w] as usize] += size[w];
        }
        // The number of a vertex, and that of the next below it.
        let mut place = vec![(1u32, 2u32); count];
        let mut tree = Tree { idom: vec![NONE; vertices], span: vec![(0, 0); vertices], preorder: vec![0; count] };
        for w in 0..count {
            if w > 0 {
                let above = idom[w] as usize;
                let first = place[above].1;
                place[above].1 += size[w];
                place[w] = (first, first + 1);
                tree.idom[vertex[w] as usize] = vertex[above];
            }
            let first = place[w].0;
            tree.span[vertex[w] as usize] = (first, first + size[w] - 1);
            tree.preorder[first as usize - 1] = vertex[w];
        }
        tree
    }

    fn dominates(&self, above: u32, below: u32) -> bool {
        let ((first, last), (at, _)) = (self.span[above as usize], self.span[below as usize]);
        first != 0 && first <= at && at <= last
    }
}

/// The dominator tree of the reachable blocks.
#[derive(Clone, Debug, Default)]
pub struct Dominators {
    tree: Tree,
}

impl Dominators {
    /// The tree of `func`, whose graph is `cfg`.
    pub fn new(func: &Function, cfg: &Cfg) -> Dominators {
        debug_assert_eq!(func.entry.index(), 0, "the entry is the first block");
        let mut edges = Vec::with_capacity(2 * func.layout.len());
        for block in cfg.reverse_postorder() {
            edges.extend(cfg.succs(block).iter().map(|succ| (block.as_u32(), succ.as_u32())));
        }
        Dominators { tree: Tree::new(func.blocks.len(), &edges) }
    }

    /// The immediate dominator; `None` for the entry and unreachable blocks.
    pub fn idom(&self, block: Block) -> Option<Block> {
        Some(self.tree.idom[block.index()]).filter(|&above| above != NONE).map(Block::from_u32)
    }

    /// The reachable blocks, each after its dominators.
    pub fn preorder(&self) -> impl DoubleEndedIterator<Item = Block> + ExactSizeIterator + '_ {
        self.tree.preorder.iter().map(|&block| Block::from_u32(block))
    }

    /// Whether every path from the entry to `below` passes `above` (a block dominates itself).
    pub fn dominates(&self, above: Block, below: Block) -> bool {
        self.tree.dominates(above.as_u32(), below.as_u32())
    }
}

/// Where an instruction stands: which stretch between exceptional edges, and its place in its block.
#[derive(Clone, Copy, Debug, Default)]
struct Point {
    stretch: u32,
    place: u32,
}

/// Dominance between instructions, exceptional edges taken exactly.
#[derive(Clone, Debug, Default)]
pub struct Points {
    tree: Tree,
    point: SecondaryMap<Inst, Point>,
    block_of: SecondaryMap<Inst, PackedOption<Block>>,
    /// The first stretch of a block.
    head: SecondaryMap<Block, u32>,
}

impl Points {
    /// Relates the instructions of `func`'s layout.
    pub fn new(func: &Function) -> Points {
        let (insts, blocks) = (func.insts.len(), func.blocks.len());
        let mut head = SecondaryMap::with_default(NONE);
        head.resize(blocks);
        let mut points = Points { point: dense(insts), block_of: dense(insts), head, ..Points::default() };
        let mut stretch = 0;
        for &block in &func.layout {
            points.head[block] = stretch;
            for (place, &inst) in func.blocks[block].insts.iter().enumerate() {
                points.point[inst] = Point { stretch, place: place as u32 };
                points.block_of[inst] = block.into();
                stretch += u32::from(func.handles && func.insts[inst].unwind.is_some());
            }
            stretch += 1;
        }
        let mut edges = Vec::with_capacity(2 * func.layout.len());
        for &block in &func.layout {
            for &inst in func.with_edges(block) {
                let data = &func.insts[inst];
                let from = points.point[inst].stretch;
                let calls = data.targets.iter().chain(data.unwind.as_deref());
                edges.extend(calls.map(|call| (from, points.head[call.block])).filter(|&(_, to)| to != NONE));
                if data.unwind.is_some() && !data.op.is_terminator() {
                    edges.push((from, from + 1));
                }
            }
        }
        points.tree = Tree::new(stretch as usize, &edges);
        points
    }

    /// Whether control passes `above` before `below`, whatever way it takes; an instruction passes itself.
    pub fn dominates(&self, above: Inst, below: Inst) -> bool {
        let (from, to) = (self.point[above], self.point[below]);
        if from.stretch == to.stretch { from.place <= to.place } else { self.tree.dominates(from.stretch, to.stretch) }
    }

    /// The block an instruction stands in, if it is in the layout.
    pub fn block_of(&self, inst: Inst) -> Option<Block> {
        self.block_of[inst].expand()
    }

    /// Whether `inst` can be reached.
    pub fn is_reachable(&self, inst: Inst) -> bool {
        self.block_of[inst].is_some() && self.tree.span[self.point[inst].stretch as usize].0 != 0
    }

    /// Whether `val` is defined on every path to `inst`, before it.
    pub fn is_available(&self, func: &Function, val: Val, inst: Inst) -> bool {
        let at = self.point[inst];
        match func.values[val].def {
            ValDef::Param(block, _) => self.head[block] != NONE && self.tree.dominates(self.head[block], at.stretch),
            ValDef::Result(def) => {
                if self.block_of[def].is_none() {
                    return false;
                }
                // A result exists after its instruction: on the far side of the instruction's own exceptional edge.
                let from = self.point[def];
                let stretch = from.stretch + func.insts[def].unwind.is_some() as u32;
                if stretch == at.stretch { from.place < at.place } else { self.tree.dominates(stretch, at.stretch) }
            }
        }
    }

    /// Calls `f` with every reachable stretch of instructions without an exceptional edge inside, each after the stretches that
    /// dominate it, as its number in that order, the number of the last stretch it dominates, and its instructions.
    pub fn for_each_stretch(&self, func: &Function, mut f: impl FnMut(u32, u32, Block, &[Inst])) {
        let mut ranges = vec![None; self.tree.span.len()];
        for &block in &func.layout {
            for (place, &inst) in func.blocks[block].insts.iter().enumerate() {
                let range = &mut ranges[self.point[inst].stretch as usize];
                let (_, first, _) = *range.get_or_insert((block, place, place));
                *range = Some((block, first, place + 1));
            }
        }
        for &stretch in &self.tree.preorder {
            if let Some((block, first, last)) = ranges[stretch as usize] {
                let span = self.tree.span[stretch as usize];
                f(span.0, span.1, block, &func.blocks[block].insts[first..last]);
            }
        }
    }
}
