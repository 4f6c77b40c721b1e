# In-place updates of a list of lists.
import sys


def update(n):
    g = []
    for _ in range(100):
        row = []
        for _ in range(100):
            row.append(0)
        g.append(row)
    for v in range(n):
        j = v % 97
        g[v % 100][j] = v
    total = 0
    for row in g:
        for v in row:
            total += v
    return total


print(update(int(sys.argv[1]) if len(sys.argv) > 1 else 30000000))
