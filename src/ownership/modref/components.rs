//! Strongly connected components of the graph, and the sets of variables united over them.

use super::Node;

/// The bit of who touches every variable.
pub(super) const EVERYTHING: u32 = 0;

/// Running one node may run another.
#[derive(Clone, Copy)]
pub(super) struct Edge {
    pub from: Node,
    pub to: Node,
    /// An error of the latter is caught before it reaches the former.
    pub handled: bool,
}

/// The edges by the node they leave.
pub(super) struct Successors {
    starts: Vec<u32>,
    targets: Vec<Node>,
}

impl Successors {
    pub fn new(nodes: usize, edges: &[Edge]) -> Successors {
        let mut starts = vec![0; nodes + 1];
        edges.iter().for_each(|edge| starts[edge.from.0 as usize + 1] += 1);
        for node in 0..nodes {
            starts[node + 1] += starts[node];
        }
        let mut next = starts.clone();
        let mut targets = vec![super::UNKNOWN; edges.len()];
        for edge in edges {
            let place = &mut next[edge.from.0 as usize];
            targets[*place as usize] = edge.to;
            *place += 1;
        }
        Successors { starts, targets }
    }

    pub fn of(&self, node: Node) -> &[Node] {
        &self.targets[self.starts[node.0 as usize] as usize..self.starts[node.0 as usize + 1] as usize]
    }

    fn nodes(&self) -> usize {
        self.starts.len() - 1
    }
}

/// The component of each node, and its set.
#[derive(Default)]
pub(super) struct Components {
    component: Vec<u32>,
    words: usize,
    sets: Vec<u64>,
}

impl Components {
    /// Unites the sets: each node has what it itself has (`direct`) and what those it leads to have.
    pub fn new(successors: &Successors, bits: usize, direct: &[(Node, u32)]) -> Components {
        let (component, order) = number(successors);
        let words = bits.div_ceil(64);
        let count = component.iter().max().map_or(0, |&last| last as usize + 1);
        let mut sets = vec![0; count * words];
        for &(node, bit) in direct {
            sets[component[node.0 as usize] as usize * words + bit as usize / 64] |= 1 << (bit % 64);
        }
        for &node in &order {
            let own = component[node.0 as usize] as usize;
            let (done, rest) = sets.split_at_mut(own * words);
            for &to in successors.of(node) {
                let other = component[to.0 as usize] as usize;
                if other != own {
                    let united = rest[..words].iter_mut().zip(&done[other * words..]);
                    united.for_each(|(word, &more)| *word |= more);
                }
            }
        }
        Components { component, words, sets }
    }

    /// Whether the set of a node has a bit.
    pub fn has(&self, node: Node, bit: u32) -> bool {
        let row = self.component[node.0 as usize] as usize * self.words;
        self.sets[row + bit as usize / 64] >> (bit % 64) & 1 == 1
    }
}

/// Numbers the components so that edges lead to the same or a lower number, and lists the nodes in that order (Tarjan, "Depth-first
/// search and linear graph algorithms", 1972).
fn number(successors: &Successors) -> (Vec<u32>, Vec<Node>) {
    const NEW: u32 = u32::MAX;
    let nodes = successors.nodes();
    let (mut component, mut order) = (vec![NEW; nodes], Vec::with_capacity(nodes));
    let (mut index, mut low) = (vec![NEW; nodes], vec![0; nodes]);
    let (mut next, mut count) = (0, 0);
    let (mut open, mut path) = (Vec::new(), Vec::new());
    for start in 0..nodes {
        if index[start] != NEW {
            continue;
        }
        path.push((start, 0));
        while let Some((node, at)) = path.last_mut() {
            let node = *node;
            if *at == 0 {
                (index[node], low[node]) = (next, next);
                next += 1;
                open.push(node);
            }
            let to = successors.of(Node(node as u32)).get(*at).map(|to| to.0 as usize);
            *at += 1;
            match to {
                Some(to) if index[to] == NEW => path.push((to, 0)),
                Some(to) if component[to] == NEW => low[node] = low[node].min(index[to]),
                Some(_) => {}
                None => {
                    path.pop();
                    if let Some(&(above, _)) = path.last() {
                        low[above] = low[above].min(low[node]);
                    }
                    if low[node] == index[node] {
                        while let Some(member) = open.pop() {
                            component[member] = count;
                            order.push(Node(member as u32));
                            if member == node {
                                break;
                            }
                        }
                        count += 1;
                    }
                }
            }
        }
    }
    (component, order)
}
