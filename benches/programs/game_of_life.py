# Neighbours on a torus of nested lists; a new grid for each generation.
import sys


def step(grid, n):
    result = []
    for y in range(n):
        above = grid[(y + n - 1) % n]
        here = grid[y]
        below = grid[(y + 1) % n]
        row = []
        for x in range(n):
            l = (x + n - 1) % n
            r = (x + 1) % n
            around = above[l] + above[x] + above[r] + here[l] + here[r] + below[l] + below[x] + below[r]
            row.append(1 if around == 3 or around == 2 and here[x] == 1 else 0)
        result.append(row)
    return result


def run(n, generations):
    grid = []
    seed = 7
    for _ in range(n):
        row = []
        for _ in range(n):
            seed = seed * 16807 % 2147483647
            row.append(seed % 2)
        grid.append(row)
    for _ in range(generations):
        grid = step(grid, n)
    print(sum(sum(row) for row in grid))


run(64, int(sys.argv[1]) if len(sys.argv) > 1 else 1200)
