# A long text from many short pieces, each with two interpolated numbers.
import sys


def build(n):
    parts = []
    for i in range(n):
        parts.append(f"{i}:{i % 7};")
    return "".join(parts)


s = build(int(sys.argv[1]) if len(sys.argv) > 1 else 700000)
print(len(s), s[1000:1020])
