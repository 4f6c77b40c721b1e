# Growing lists that live inside a dict, by integer key.
import sys


def group(n):
    d = {}
    for k in range(100):
        d[k] = []
    for i in range(n):
        d[i % 100].append(i)
    return d


def run(rounds):
    total = 0
    for _ in range(rounds):
        d = group(100000)
        total += len(d[7]) + d[99][999]
    print(total)


run(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
