# Permutations and prefix reversals on small int lists (fannkuch).
import sys


def fannkuch(n):
    p = list(range(n))
    q = list(range(n))
    s = list(range(n))
    sign = 1
    most = 0
    total = 0
    while True:
        first = p[0]
        if first != 0:
            for i in range(n):
                q[i] = p[i]
            flips = 1
            while True:
                following = q[first]
                if following == 0:
                    total += sign * flips
                    if flips > most:
                        most = flips
                    break
                q[first] = first
                if first >= 3:
                    i = 1
                    j = first - 1
                    while i < j:
                        q[i], q[j] = q[j], q[i]
                        i += 1
                        j -= 1
                first = following
                flips += 1
        if sign == 1:
            p[0], p[1] = p[1], p[0]
            sign = -1
        else:
            p[1], p[2] = p[2], p[1]
            sign = 1
            for i in range(2, n):
                left = s[i]
                if left != 0:
                    s[i] = left - 1
                    break
                if i == n - 1:
                    return total, most
                s[i] = i
                head = p[0]
                for j in range(i + 1):
                    p[j] = p[j + 1]
                p[i + 1] = head


def run(rounds):
    total = 0
    most = 0
    for i in range(rounds):
        result = fannkuch(7 + i % 3)
        total += result[0]
        most = result[1]
    print(total, most)


run(int(sys.argv[1]) if len(sys.argv) > 1 else 12)
