# Calls with three arguments, most of them nested.
import sys


def tak(x, y, z):
    if y >= x:
        return z
    return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y))


def run(rounds):
    total = 0
    for i in range(rounds):
        total += tak(18, 12, 6 - i % 2)
    print(total)


run(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
