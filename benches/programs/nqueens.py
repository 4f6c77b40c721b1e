# Backtracking over lists captured by a recursive closure.
import sys


def solve(n):
    columns = [True] * n
    rising = [True] * (2 * n)
    falling = [True] * (2 * n)
    solutions = 0

    def place(row):
        nonlocal solutions
        if row == n:
            solutions += 1
            return
        for c in range(n):
            if columns[c] and rising[row + c] and falling[row - c + n]:
                columns[c] = False
                rising[row + c] = False
                falling[row - c + n] = False
                place(row + 1)
                columns[c] = True
                rising[row + c] = True
                falling[row - c + n] = True

    place(0)
    return solutions


def run(rounds):
    total = 0
    for i in range(rounds):
        total += solve(8 + i % 3)
    print(total)


run(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
