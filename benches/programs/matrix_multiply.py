# Nested lists of floats in three loops.
import sys


def matrix(n, seed):
    rows = []
    for i in range(n):
        row = []
        for j in range(n):
            row.append(((i * seed + j * 3) % 17) * 0.5)
        rows.append(row)
    return rows


def transpose(a, n):
    rows = []
    for i in range(n):
        row = []
        for j in range(n):
            row.append(a[j][i])
        rows.append(row)
    return rows


def multiply(a, b, n):
    columns = transpose(b, n)
    rows = []
    for i in range(n):
        left = a[i]
        row = []
        for j in range(n):
            right = columns[j]
            total = 0.0
            for k in range(n):
                total += left[k] * right[k]
            row.append(total)
        rows.append(row)
    return rows


def run(n):
    product = multiply(matrix(n, 5), matrix(n, 7), n)
    trace = 0.0
    for i in range(n):
        trace += product[i][i]
    print(int(trace * 4), int(product[0][n - 1] * 4))


run(int(sys.argv[1]) if len(sys.argv) > 1 else 350)
