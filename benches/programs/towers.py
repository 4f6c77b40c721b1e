# Recursion that updates nested lists in global variables.
import sys

pegs = [[], [], []]
tops = [0, 0, 0]
moves = 0


def move(source, target):
    global moves
    disk = pegs[source][tops[source] - 1]
    tops[source] -= 1
    pegs[target][tops[target]] = disk
    tops[target] += 1
    moves += 1


def transfer(n, source, target, via):
    if n == 1:
        move(source, target)
    else:
        transfer(n - 1, source, via, target)
        move(source, target)
        transfer(n - 1, via, target, source)


def run(n):
    for peg in range(3):
        for _ in range(n):
            pegs[peg].append(0)
    for i in range(n):
        pegs[0][i] = n - i
    tops[0] = n
    transfer(n, 0, 2, 1)
    print(moves, tops, pegs[2][0], pegs[2][n - 1])


run(int(sys.argv[1]) if len(sys.argv) > 1 else 23)
