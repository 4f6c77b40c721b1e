# Sorting in place by a list handed from call to call.
import sys


def quicksort(a, low, high):
    if low >= high:
        return a
    pivot = a[low]
    i = low
    j = high
    while i <= j:
        while a[i] < pivot:
            i += 1
        while a[j] > pivot:
            j -= 1
        if i <= j:
            a[i], a[j] = a[j], a[i]
            i += 1
            j -= 1
    a = quicksort(a, low, j)
    return quicksort(a, i, high)


def run(n):
    seed = 42
    a = []
    for _ in range(n):
        seed = seed * 16807 % 2147483647
        a.append(seed)
    a = quicksort(a, 0, n - 1)
    wrong = 0
    for i in range(n - 1):
        if a[i] > a[i + 1]:
            wrong += 1
    print(wrong, a[0], a[n // 2], a[n - 1])


run(int(sys.argv[1]) if len(sys.argv) > 1 else 1000000)
