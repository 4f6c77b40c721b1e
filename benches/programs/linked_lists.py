# Linked lists of objects, with a list of free ones: sorted insertion, reversal, removal, merging.
import sys


class Node:
    __slots__ = ("value", "next")

    def __init__(self, value, next):
        self.value = value
        self.next = next


free = None
made = 0


def make(value, next):
    global free, made
    node = free
    if node is None:
        made += 1
        return Node(value, next)
    free = node.next
    node.value = value
    node.next = next
    return node


def release(node):
    global free
    node.next = free
    free = node


def insert(head, value):
    if head is None or head.value >= value:
        return make(value, head)
    at = head
    while at.next is not None and at.next.value < value:
        at = at.next
    at.next = make(value, at.next)
    return head


def reverse(head):
    done = None
    while head is not None:
        head.next, done, head = done, head, head.next
    return done


def remove_multiples(head, k):
    while head is not None and head.value % k == 0:
        next = head.next
        release(head)
        head = next
    at = head
    while at is not None:
        next = at.next
        if next is not None and next.value % k == 0:
            at.next = next.next
            release(next)
        else:
            at = next
    return head


def merge(a, b):
    """Merges two falling lists."""
    if a is None:
        return b
    if b is None:
        return a
    if a.value >= b.value:
        a.next = merge(a.next, b)
        return a
    b.next = merge(a, b.next)
    return b


def total(head):
    sum = 0
    place = 1
    while head is not None:
        sum += head.value * place
        head.value += 1
        place += 1
        head = head.next
    return sum


def release_all(head):
    while head is not None:
        next = head.next
        release(head)
        head = next


def run(rounds):
    seed = 42
    sum = 0
    for _ in range(rounds):
        a = None
        b = None
        for _ in range(40):
            seed = seed * 16807 % 2147483647
            a = insert(a, seed % 1000)
            b = insert(b, seed // 1000 % 1000)
        merged = remove_multiples(merge(reverse(a), reverse(b)), 3)
        sum = (sum + total(merged) + total(merged)) % 1000003
        release_all(merged)
    print(sum, made)


run(int(sys.argv[1]) if len(sys.argv) > 1 else 10000)
