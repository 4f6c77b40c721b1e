# Many values from a generator.
import sys


def numbers(n):
    i = 0
    while i < n:
        yield i
        i += 1


def total(n):
    result = 0
    for v in numbers(n):
        result += v
    return result


print(total(int(sys.argv[1]) if len(sys.argv) > 1 else 4000000))
