# Allocation and freeing of many small lists: complete binary trees.
import sys


def build(depth):
    if depth == 0:
        return [None, None]
    return [build(depth - 1), build(depth - 1)]


def count(tree):
    if tree[0] is None:
        return 1
    return 1 + count(tree[0]) + count(tree[1])


def run(depth):
    long_lived = build(depth)
    for d in range(4, depth + 1, 4):
        rounds = 1
        for _ in range(depth - d + 2):
            rounds *= 2
        total = 0
        for _ in range(rounds):
            total += count(build(d))
        print(rounds, d, total)
    print(count(long_lived))


run(int(sys.argv[1]) if len(sys.argv) > 1 else 17)
