# A protected call in a hot loop; one in ten throws.
import sys


class Failure(Exception):
    def __init__(self, message):
        self.message = message


def check(i):
    if i % 10 == 0:
        raise Failure("ten")
    return i


def run(n):
    total = 0
    caught = 0
    for i in range(n):
        try:
            total += check(i)
        except Failure as e:
            if e.message == "ten":
                caught += 1
    print(total, caught)


run(int(sys.argv[1]) if len(sys.argv) > 1 else 6000000)
