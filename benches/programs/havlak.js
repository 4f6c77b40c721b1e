// Loops of a control-flow graph (Havlak): blocks, nodes of the search tree and loops are objects that refer to each other.
const blocks = [];
const nodes = [];
const loops = [];

class Block {
  constructor() {
    this.ins = [];
    this.outs = [];
    this.node = null;
  }
}

class Node {
  constructor(number, block) {
    this.number = number;
    this.block = block;
    this.parent = this;
    this.last = number;
    this.header = null;
    this.kind = "none";
    this.back = [];
    this.others = [];
    this.loop = null;
    this.bodyOf = null;
  }

  isAncestor(v) { return this.number <= v.number && v.number <= this.last; }

  // The representative of the node, with the path to it shortened.
  find() {
    let root = this;
    while (root.parent !== root) root = root.parent;
    let at = this;
    while (at.parent !== root) {
      const next = at.parent;
      at.parent = root;
      at = next;
    }
    return root;
  }
}

class Loop {
  constructor(header) {
    this.header = header;
    this.parent = null;
    this.members = [];
    this.children = [];
    this.depth = 0;
    this.height = 0;
  }

  setDepth(depth) {
    this.depth = depth;
    let height = 0;
    for (const child of this.children) {
      child.setDepth(depth + 1);
      if (child.height >= height) height = child.height + 1;
    }
    this.height = height;
  }
}

function block(at) {
  while (blocks.length <= at) blocks.push(new Block());
  return blocks[at];
}

function connect(from, to) {
  const source = block(from);
  const target = block(to);
  source.outs.push(target);
  target.ins.push(source);
}

function diamond(start) {
  connect(start, start + 1);
  connect(start, start + 2);
  connect(start + 1, start + 3);
  connect(start + 2, start + 3);
  return start + 3;
}

function straight(start, n) {
  for (let i = 0; i < n; i++) connect(start + i, start + i + 1);
  return start + n;
}

// A loop around two others.
function baseLoop(from) {
  const header = straight(from, 1);
  const first = diamond(header);
  const inner = straight(first, 1);
  const second = diamond(inner);
  const footer = straight(second, 1);
  connect(second, inner);
  connect(first, header);
  connect(footer, from);
  return straight(footer, 1);
}

function graph(trees) {
  connect(0, 1);
  connect(1, 2);
  let last = 2;
  for (let tree = 0; tree < trees; tree++) {
    connect(2, last + 1);
    last += 1;
    for (let i = 0; i < 4; i++) {
      const top = last;
      last = straight(last, 1);
      for (let j = 0; j < 4; j++) last = baseLoop(last);
      const bottom = straight(last, 1);
      connect(last, top);
      last = bottom;
    }
    connect(last, 1);
  }
}

// Numbers the blocks below one in the order of a depth-first search; the last number given.
function search(from, number) {
  const node = new Node(number, from);
  from.node = node;
  nodes.push(node);
  let last = number;
  for (const target of from.outs) {
    if (target.node === null) last = search(target, last + 1);
  }
  node.last = last;
  return last;
}

function classifyEdges() {
  for (const w of nodes) {
    for (const source of w.block.ins) {
      const v = source.node;
      if (v !== null) (w.isAncestor(v) ? w.back : w.others).push(v);
    }
  }
}

function findLoop(w) {
  const body = [];
  for (const v of w.back) {
    if (v === w) {
      w.kind = "self";
    } else {
      const z = v.find();
      z.bodyOf = w;
      body.push(z);
    }
  }
  if (body.length > 0) w.kind = "reducible";
  for (let at = 0; at < body.length; at++) {
    const others = body[at].others;
    const count = others.length;
    for (let i = 0; i < count; i++) {
      const z = others[i].find();
      if (!w.isAncestor(z)) {
        w.kind = "irreducible";
        w.others.push(z);
      } else if (z !== w && z.bodyOf !== w) {
        z.bodyOf = w;
        body.push(z);
      }
    }
  }
  if (body.length === 0 && w.kind !== "self") return;
  const loop = new Loop(w);
  loops.push(loop);
  w.loop = loop;
  for (const v of body) {
    v.header = w;
    v.parent = w;
    if (v.loop !== null) {
      v.loop.parent = loop;
      loop.children.push(v.loop);
    } else {
      loop.members.push(v);
    }
  }
}

function run(trees) {
  graph(trees);
  search(blocks[0], 0);
  classifyEdges();
  for (let i = nodes.length - 1; i >= 0; i--) findLoop(nodes[i]);
  for (const loop of loops) {
    if (loop.parent === null) loop.setDepth(1);
  }
  let members = 0, depths = 0, heights = 0;
  for (const loop of loops) {
    members += loop.members.length;
    depths += loop.depth;
    heights += loop.height;
  }
  console.log(`${blocks.length} ${loops.length} ${members} ${depths} ${heights}`);
}
run(Number((typeof scriptArgs === "undefined" ? process.argv[2] : scriptArgs[1]) ?? 600));
