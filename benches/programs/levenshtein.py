# Edit distance: characters of strings and two rows of ints.
import sys


def smaller(a, b):
    if a < b:
        return a
    return b


def distance(a, b):
    n = len(b)
    previous = list(range(n + 1))
    for i in range(len(a)):
        c = a[i]
        row = [i + 1]
        for j in range(n):
            cost = 1
            if c == b[j]:
                cost = 0
            row.append(smaller(smaller(previous[j + 1], row[j]) + 1, previous[j] + cost))
        previous = row
    return previous[n]


def text(n, seed):
    letters = "abcdefgh"
    s = ""
    x = seed
    for _ in range(n):
        x = x * 16807 % 2147483647
        s += letters[x % 8]
    return s


n = int(sys.argv[1]) if len(sys.argv) > 1 else 2400
print(distance(text(n, 1), text(n, 2)))
