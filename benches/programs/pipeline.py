# Eager map, filter and reduce with small closures.
import sys
from functools import reduce


def run(rounds, n):
    numbers = list(range(n))
    total = 0
    for r in range(rounds):
        squares = list(map(lambda x: x * x + r, numbers))
        odd = list(filter(lambda x: x % 3 == 1, squares))
        total += reduce(lambda acc, x: (acc + x) % 1000003, odd, 0)
    return total


print(run(int(sys.argv[1]) if len(sys.argv) > 1 else 150, 50000))
