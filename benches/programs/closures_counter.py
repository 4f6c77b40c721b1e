# Closures that share a captured variable, made often and called often.
import sys


def counter():
    n = 0

    def add(k):
        nonlocal n
        n += k

    def get():
        return n

    return add, get


def run(makers, calls):
    total = 0
    for _ in range(makers):
        add, get = counter()
        for i in range(calls):
            add(i)
        total += get()
    print(total)


run(int(sys.argv[1]) if len(sys.argv) > 1 else 400000, 50)
