# Loops of a control-flow graph (Havlak): blocks, nodes of the search tree and loops are objects that refer to each other.
import sys


class Block:
    __slots__ = ("ins", "outs", "node")

    def __init__(self):
        self.ins = []
        self.outs = []
        self.node = None


class Node:
    __slots__ = ("number", "block", "parent", "last", "header", "kind", "back", "others", "loop", "body_of")

    def __init__(self, number, block):
        self.number = number
        self.block = block
        self.parent = self
        self.last = number
        self.header = None
        self.kind = "none"
        self.back = []
        self.others = []
        self.loop = None
        self.body_of = None

    def is_ancestor(self, v):
        return self.number <= v.number <= self.last

    def find(self):
        """The representative of the node, with the path to it shortened."""
        root = self
        while root.parent is not root:
            root = root.parent
        at = self
        while at.parent is not root:
            next = at.parent
            at.parent = root
            at = next
        return root


class Loop:
    __slots__ = ("header", "parent", "members", "children", "depth", "height")

    def __init__(self, header):
        self.header = header
        self.parent = None
        self.members = []
        self.children = []
        self.depth = 0
        self.height = 0

    def set_depth(self, depth):
        self.depth = depth
        height = 0
        for child in self.children:
            child.set_depth(depth + 1)
            if child.height >= height:
                height = child.height + 1
        self.height = height


class Graph:
    def __init__(self, trees):
        self.blocks = []
        self.nodes = []
        self.loops = []
        self.connect(0, 1)
        self.connect(1, 2)
        last = 2
        for _ in range(trees):
            self.connect(2, last + 1)
            last += 1
            for _ in range(4):
                top = last
                last = self.straight(last, 1)
                for _ in range(4):
                    last = self.base_loop(last)
                bottom = self.straight(last, 1)
                self.connect(last, top)
                last = bottom
            self.connect(last, 1)

    def block(self, at):
        while len(self.blocks) <= at:
            self.blocks.append(Block())
        return self.blocks[at]

    def connect(self, start, end):
        source = self.block(start)
        target = self.block(end)
        source.outs.append(target)
        target.ins.append(source)

    def diamond(self, start):
        self.connect(start, start + 1)
        self.connect(start, start + 2)
        self.connect(start + 1, start + 3)
        self.connect(start + 2, start + 3)
        return start + 3

    def straight(self, start, n):
        for i in range(n):
            self.connect(start + i, start + i + 1)
        return start + n

    def base_loop(self, start):
        """A loop around two others."""
        header = self.straight(start, 1)
        first = self.diamond(header)
        inner = self.straight(first, 1)
        second = self.diamond(inner)
        footer = self.straight(second, 1)
        self.connect(second, inner)
        self.connect(first, header)
        self.connect(footer, start)
        return self.straight(footer, 1)

    def search(self, block, number):
        """Numbers the blocks below one in the order of a depth-first search; the last number given."""
        node = Node(number, block)
        block.node = node
        self.nodes.append(node)
        last = number
        for target in block.outs:
            if target.node is None:
                last = self.search(target, last + 1)
        node.last = last
        return last

    def classify_edges(self):
        for w in self.nodes:
            for source in w.block.ins:
                v = source.node
                if v is not None:
                    (w.back if w.is_ancestor(v) else w.others).append(v)

    def find_loop(self, w):
        body = []
        for v in w.back:
            if v is w:
                w.kind = "self"
            else:
                z = v.find()
                z.body_of = w
                body.append(z)
        if body:
            w.kind = "reducible"
        for x in body:
            for y in list(x.others):
                z = y.find()
                if not w.is_ancestor(z):
                    w.kind = "irreducible"
                    w.others.append(z)
                elif z is not w and z.body_of is not w:
                    z.body_of = w
                    body.append(z)
        if not body and w.kind != "self":
            return
        loop = Loop(w)
        self.loops.append(loop)
        w.loop = loop
        for v in body:
            v.header = w
            v.parent = w
            if v.loop is not None:
                v.loop.parent = loop
                loop.children.append(v.loop)
            else:
                loop.members.append(v)

    def find_loops(self):
        self.search(self.blocks[0], 0)
        self.classify_edges()
        for w in reversed(self.nodes):
            self.find_loop(w)
        for loop in self.loops:
            if loop.parent is None:
                loop.set_depth(1)


def run(trees):
    graph = Graph(trees)
    graph.find_loops()
    loops = graph.loops
    members = sum(len(loop.members) for loop in loops)
    depths = sum(loop.depth for loop in loops)
    heights = sum(loop.height for loop in loops)
    print(len(graph.blocks), len(loops), members, depths, heights)


run(int(sys.argv[1]) if len(sys.argv) > 1 else 600)
