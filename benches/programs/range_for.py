# Nested counting loops.
import sys


def count(n):
    total = 0
    for i in range(n):
        for j in range(n):
            total += j
    return total


print(count(int(sys.argv[1]) if len(sys.argv) > 1 else 12000))
