# Counting substrings of a generated strand in a dict.
import sys


def strand(n):
    seed = 42
    parts = []
    for _ in range(n):
        seed = seed * 3877 + 29573
        seed = seed % 139968
        parts.append("ACGT"[seed * 4 // 139968])
    return "".join(parts)


def frequencies(s, k):
    counts = {}
    for i in range(len(s) - k + 1):
        part = s[i:i + k]
        counts[part] = counts.get(part, 0) + 1
    return counts


def run(n):
    s = strand(n)
    for k in range(1, 3):
        counts = frequencies(s, k)
        for part in sorted(counts):
            print(part, counts[part])
    for part in ["GGT", "GGTA", "GGTATT", "GGTATTTTAATT"]:
        print(frequencies(s, len(part)).get(part, 0), part)


run(int(sys.argv[1]) if len(sys.argv) > 1 else 500000)
