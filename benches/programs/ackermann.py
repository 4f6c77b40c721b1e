# Deep recursion.
import sys


def ack(m, n):
    if m == 0:
        return n + 1
    if n == 0:
        return ack(m - 1, 1)
    return ack(m - 1, ack(m, n - 1))


def run(rounds):
    total = 0
    for _ in range(rounds):
        total += ack(3, 6)
    print(total)


sys.setrecursionlimit(10000)
run(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
