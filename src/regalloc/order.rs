//! Linear positions: the points at which a register changes hands.
//!
//! Blocks in layout order; the head of a block and each of its instructions have two points, an even one where operands are
//! read (and values come in from the edges) and the odd one after it where the result (or the parameters) are written. A value
//! read last at an instruction and that instruction's result may therefore share a register.
//!
//! Lives have an order of their own, in which every block has the same points at another *place*: the blocks that do not lead
//! on to the last one come last. Such exits (`if c { return x }`) would be a hole in the life of everything that lives past them,
//! n holes for each of n exits; at the end they are none. Wherever points are compared for time (`start`, `end`), the layout counts.

use crate::ir::cfg::Cfg;
use crate::ir::entities::{Block, Inst};
use crate::ir::function::Function;
use cranelift_entity::{EntitySet, SecondaryMap};

/// The even points of blocks and instructions.
pub struct Order {
    /// The head of a block; its parameters are written one point later.
    pub head: SecondaryMap<Block, u32>,
    /// Where an instruction reads; it writes one point later.
    pub at: SecondaryMap<Inst, u32>,
    /// The last point of a block.
    pub end: SecondaryMap<Block, u32>,
    /// The blocks in the order of lives.
    pub blocks: Vec<Block>,
    /// How many of them lead on to the last one.
    pub exits: usize,
    /// The first points of the blocks in the order of lives, at their places, and at the layout's.
    places: Vec<(u32, u32)>,
    /// What is added to a point of a block for its place.
    shift: SecondaryMap<Block, u32>,
}

impl Order {
    /// Numbers `func`, whose graph is `cfg`, along its layout.
    pub fn new(func: &Function, cfg: &Cfg) -> Order {
        let mut order = Order {
            head: SecondaryMap::new(),
            at: SecondaryMap::new(),
            end: SecondaryMap::new(),
            blocks: Vec::with_capacity(func.layout.len()),
            exits: 0,
            places: Vec::with_capacity(func.layout.len()),
            shift: SecondaryMap::new(),
        };
        let mut next = 0;
        for &block in &func.layout {
            order.head[block] = next;
            for &inst in &func.blocks[block].insts {
                next += 2;
                order.at[inst] = next;
            }
            order.end[block] = next + 1;
            next += 2;
        }
        let leads_on = leading_on(func, cfg);
        let (main, exits): (Vec<Block>, Vec<Block>) = func.layout.iter().partition(|&&block| leads_on.contains(block));
        order.exits = main.len();
        order.blocks.extend(main.into_iter().chain(exits));
        let mut place = 0;
        for (index, &block) in order.blocks.iter().enumerate() {
            // A gap before the exits: what lives on both sides of it is two stretches of the layout.
            place += u32::from(index == order.exits);
            order.places.push((place, order.head[block]));
            order.shift[block] = place.wrapping_sub(order.head[block]);
            place += order.end[block] + 1 - order.head[block];
        }
        order
    }

    /// The place of a point of `block`.
    pub fn place(&self, block: Block, point: u32) -> u32 {
        point.wrapping_add(self.shift[block])
    }

    /// The point at a place.
    pub fn point(&self, place: u32) -> u32 {
        let (first, point) = self.places[self.places.partition_point(|&(first, _)| first <= place) - 1];
        point + (place - first)
    }
}

/// The blocks from which control may get to the last one.
fn leading_on(func: &Function, cfg: &Cfg) -> EntitySet<Block> {
    let mut found = EntitySet::with_capacity(func.blocks.len());
    let mut work: Vec<Block> = func.layout.last().copied().into_iter().collect();
    while let Some(block) = work.pop() {
        if found.insert(block) {
            work.extend_from_slice(cfg.preds(block));
        }
    }
    found
}
