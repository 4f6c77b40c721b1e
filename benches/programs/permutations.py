# All permutations of a list, built recursively from slices.
import sys


def permutations(items):
    if len(items) <= 1:
        return [items]
    found = []
    for i in range(len(items)):
        rest = items[:i] + items[i + 1:]
        for tail in permutations(rest):
            found.append([items[i], *tail])
    return found


def run(rounds):
    total = 0
    for r in range(rounds):
        found = permutations(list(range(7)))
        for i in range(len(found)):
            total += found[i][i % 7] * (r + 1)
    print(total)


run(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
