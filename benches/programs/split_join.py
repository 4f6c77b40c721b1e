# A table as text: split into lines and cells, cells changed, joined again.
import sys


def table(rows):
    lines = []
    for i in range(rows):
        lines.append(f"{i},name{i % 91},{i * 7 % 1000},north-{i % 13},end")
    return "\n".join(lines)


def transform(text):
    out = []
    total = 0
    for line in text.split("\n"):
        cells = line.split(",")
        amount = int(cells[2])
        total += amount
        cells[1] = cells[1].upper()
        cells[2] = str(amount * 2)
        cells[3] = "/".join(cells[3].split("-"))
        out.append(";".join(cells))
    return "\n".join(out), total


def run(rounds):
    sizes = 0
    total = 0
    text = table(5000)
    for _ in range(rounds):
        changed, amount = transform(text)
        sizes += len(changed)
        total += amount
    print(sizes, total)


run(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
