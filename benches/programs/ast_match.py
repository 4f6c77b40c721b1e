# Dispatch over a tree of tagged tuples: evaluation, symbolic derivation, counting.
import sys


def build(depth, seed):
    if depth == 0:
        if seed % 3 == 0:
            return ("Var",)
        return ("Num", seed % 10)
    following = seed * 16807 % 2147483647
    left = build(depth - 1, following)
    right = build(depth - 1, following * 7 % 2147483647)
    kind = following % 4
    if kind == 0:
        return ("Add", left, right)
    if kind == 1:
        return ("Sub", left, right)
    if kind == 2:
        return ("Mul", left, right)
    return ("Neg", left)


def evaluate(e, x):
    tag = e[0]
    if tag == "Num":
        return e[1]
    if tag == "Var":
        return x
    if tag == "Add":
        return (evaluate(e[1], x) + evaluate(e[2], x)) % 1000003
    if tag == "Sub":
        return (evaluate(e[1], x) - evaluate(e[2], x) + 1000003) % 1000003
    if tag == "Mul":
        return evaluate(e[1], x) * evaluate(e[2], x) % 1000003
    return (1000003 - evaluate(e[1], x)) % 1000003


def derive(e):
    tag = e[0]
    if tag == "Num":
        return ("Num", 0)
    if tag == "Var":
        return ("Num", 1)
    if tag == "Add":
        return ("Add", derive(e[1]), derive(e[2]))
    if tag == "Sub":
        return ("Sub", derive(e[1]), derive(e[2]))
    if tag == "Mul":
        return ("Add", ("Mul", derive(e[1]), e[2]), ("Mul", e[1], derive(e[2])))
    return ("Neg", derive(e[1]))


def count(e):
    tag = e[0]
    if tag == "Num":
        return 1
    if tag == "Var":
        return 1
    if tag == "Neg":
        return 1 + count(e[1])
    return 1 + count(e[1]) + count(e[2])


def run(rounds):
    tree = build(11, 12345)
    total = 0
    nodes = 0
    for i in range(rounds):
        slope = derive(tree)
        nodes += count(slope)
        total += evaluate(tree, i % 10 + 1) + evaluate(slope, i % 10 + 1)
    print(total, nodes)


run(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
