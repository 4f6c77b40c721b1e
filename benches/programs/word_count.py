# Counting words of a generated text in a dict.
import sys


def text(n):
    syllables = ["ka", "lo", "mi", "tu", "re", "so", "ni", "ve"]
    seed = 42
    words = []
    for _ in range(n):
        seed = seed * 16807 % 2147483647
        words.append(syllables[seed % 8] + syllables[seed % 7] + syllables[seed % 5])
    return " ".join(words)


def count(text):
    counts = {}
    for word in text.split(" "):
        counts[word] = counts.get(word, 0) + 1
    return counts


counts = count(text(int(sys.argv[1]) if len(sys.argv) > 1 else 2000000))
best = ""
most = 0
total = 0
for word in sorted(counts):
    n = counts[word]
    total += n
    if n > most:
        most = n
        best = word
print(len(counts), total, best, most)
