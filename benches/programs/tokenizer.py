# A hand-written tokenizer: characters compared and classified, tokens cut out of the text.
import sys


def is_digit(c):
    return "0" <= c <= "9"


def is_letter(c):
    return "a" <= c <= "z"


def tokenize(text):
    n = len(text)
    tokens = []
    i = 0
    while i < n:
        c = text[i]
        if c == " " or c == "\n":
            i += 1
        elif c == '"':
            start = i + 1
            i += 1
            while text[i] != '"':
                i += 1
            tokens.append(["string", text[start:i]])
            i += 1
        elif is_digit(c):
            start = i
            while i < n and is_digit(text[i]):
                i += 1
            tokens.append(["number", int(text[start:i])])
        elif is_letter(c):
            start = i
            while i < n and is_letter(text[i]):
                i += 1
            tokens.append(["word", text[start:i]])
        else:
            tokens.append(["mark", c])
            i += 1
    return tokens


def document(n):
    parts = ["["]
    for i in range(n):
        if i > 0:
            parts.append(",\n")
        parts.append(f'{{"id": {i}, "name": "item {i * 7}", "tags": ["red", "green"], "live": true, "next": null}}')
    return "".join(parts) + "]"


def run(n):
    tokens = tokenize(document(n))
    counts = {}
    total = 0
    for token in tokens:
        kind = token[0]
        counts[kind] = counts.get(kind, 0) + 1
        if kind == "number":
            total += token[1]
        else:
            total += len(token[1])
    print(len(tokens), total, counts["string"], counts["number"], counts["word"], counts["mark"])


run(int(sys.argv[1]) if len(sys.argv) > 1 else 30000)
