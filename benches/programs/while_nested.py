# Nested while loops: compare, branch, add.
import sys


def count(n):
    total = 0
    i = 0
    while i < n:
        j = 0
        while j < n:
            total = total + 1
            j = j + 1
        i = i + 1
    return total


print(count(int(sys.argv[1]) if len(sys.argv) > 1 else 8000))
