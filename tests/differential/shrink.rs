//! Makes a program that shows a difference smaller, as long as it shows one: statements go, blocks and operands take the place of
//! what is around them, literals take the place of expressions. Greedy, largest pieces first, until nothing helps.

use super::tree::{Node, Part, Sort};
use std::time::{Duration, Instant};

/// Where a node is: the parts to descend through.
type Way = Vec<usize>;

/// The smallest program found for which `fails` holds, as it does for `program`, within `patience`.
pub fn shrink(program: &Node, patience: Duration, mut fails: impl FnMut(&Node) -> bool) -> Node {
    let start = Instant::now();
    let mut best = program.clone();
    loop {
        let before = best.render().len();
        let mut changed = remove_statements(&mut best, start, patience, &mut fails);
        changed |= replace(&mut best, start, patience, &mut fails);
        if !changed || best.render().len() >= before || start.elapsed() > patience {
            return best;
        }
    }
}

fn at<'a>(node: &'a Node, way: &[usize]) -> &'a Node {
    way.iter().fold(node, |node, &index| match &node.parts[index] {
        Part::Node(child) => child,
        Part::Text(_) => unreachable!("ways lead to nodes"),
    })
}

fn at_mut<'a>(node: &'a mut Node, way: &[usize]) -> &'a mut Node {
    way.iter().fold(node, |node, &index| match &mut node.parts[index] {
        Part::Node(child) => child,
        Part::Text(_) => unreachable!("ways lead to nodes"),
    })
}

/// The ways to all nodes, outer ones first.
fn ways(node: &Node) -> Vec<Way> {
    let mut found = vec![Vec::new()];
    let mut next = 0;
    while next < found.len() {
        let way = found[next].clone();
        for (index, part) in at(node, &way).parts.iter().enumerate() {
            if let Part::Node(_) = part {
                let mut longer = way.clone();
                longer.push(index);
                found.push(longer);
            }
        }
        next += 1;
    }
    found
}

/// Removes runs of children of bodies and lists, long runs first.
fn remove_statements(
    best: &mut Node,
    start: Instant,
    patience: Duration,
    fails: &mut impl FnMut(&Node) -> bool,
) -> bool {
    let mut changed = false;
    let mut next = 0;
    loop {
        let sequences: Vec<Way> =
            ways(best).into_iter().filter(|way| matches!(at(best, way).sort, Sort::Body | Sort::List)).collect();
        let Some(way) = sequences.get(next) else { return changed };
        let mut run = at(best, way).parts.len();
        while run > 0 {
            let mut first = 0;
            while first < at(best, way).parts.len() {
                if start.elapsed() > patience {
                    return changed;
                }
                let mut smaller = best.clone();
                let parts = &mut at_mut(&mut smaller, way).parts;
                let last = (first + run).min(parts.len());
                parts.drain(first..last);
                if fails(&smaller) {
                    *best = smaller;
                    changed = true;
                } else {
                    first += run;
                }
            }
            run /= 2;
        }
        next += 1;
    }
}

/// What could stand for `node`, plainest first.
fn substitutes(node: &Node) -> Vec<Vec<Node>> {
    let mut found = Vec::new();
    match node.sort {
        Sort::Expr(ty) => {
            let text = node.render();
            found.extend(
                ty.plain()
                    .iter()
                    .filter(|plain| plain.len() < text.len())
                    .map(|&plain| vec![Node::text(node.sort, plain)]),
            );
            for way in ways(node).into_iter().skip(1) {
                if at(node, &way).sort == node.sort {
                    found.push(vec![at(node, &way).clone()]);
                }
            }
            if let Ok(number) = text.parse::<i64>() {
                let smaller = [number / 1000, number / 2, number - number.signum()];
                found.extend(
                    smaller
                        .into_iter()
                        .filter(|other| other.unsigned_abs() < number.unsigned_abs())
                        .map(|other| vec![Node::text(node.sort, other.to_string())]),
                );
            }
        }
        Sort::Literal => {
            if let Ok(number) = node.render().parse::<u64>() {
                found.extend(
                    [1, 2, 3]
                        .into_iter()
                        .filter(|&other| other < number)
                        .map(|other: u64| vec![Node::text(Sort::Literal, other.to_string())]),
                );
            }
        }
        Sort::Stmt => {
            for way in ways(node).into_iter().skip(1) {
                let inner = at(node, &way);
                if inner.sort == Sort::Body {
                    found.push(inner.children().cloned().collect());
                }
            }
        }
        Sort::Body | Sort::List | Sort::Item => {}
    }
    found
}

/// Puts parts of nodes and literals in the place of nodes.
fn replace(best: &mut Node, start: Instant, patience: Duration, fails: &mut impl FnMut(&Node) -> bool) -> bool {
    let mut changed = false;
    let mut next = 1;
    loop {
        let all = ways(best);
        let Some(way) = all.get(next) else { return changed };
        for nodes in substitutes(at(best, way)) {
            if start.elapsed() > patience {
                return changed;
            }
            let mut smaller = best.clone();
            let (&index, parent) = way.split_last().expect("the root is skipped");
            let parts = &mut at_mut(&mut smaller, parent).parts;
            if nodes.len() != 1 && at(best, parent).sort != Sort::Body {
                continue;
            }
            parts.splice(index..=index, nodes.into_iter().map(Part::Node));
            if fails(&smaller) {
                *best = smaller;
                changed = true;
                break;
            }
        }
        next += 1;
    }
}
