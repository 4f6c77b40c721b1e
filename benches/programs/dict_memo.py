# A dict with int keys as the memory of a recursive function: binomial coefficients modulo a prime.
import sys

memo = {}


def binomial(n, k):
    if k == 0 or k == n:
        return 1
    key = n * 10000 + k
    if key in memo:
        return memo[key]
    result = (binomial(n - 1, k - 1) + binomial(n - 1, k)) % 1000003
    memo[key] = result
    return result


sys.setrecursionlimit(10000)
n = int(sys.argv[1]) if len(sys.argv) > 1 else 2800
print(binomial(n, n // 2), len(memo))
