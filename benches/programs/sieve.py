# List reads and in-place writes: primes below a number.
import sys


def sieve(n):
    prime = []
    for _ in range(n):
        prime.append(True)
    count = 0
    i = 2
    while i < n:
        if prime[i]:
            count += 1
            j = i + i
            while j < n:
                prime[j] = False
                j += i
        i += 1
    return count


print(sieve(int(sys.argv[1]) if len(sys.argv) > 1 else 4000000))
