# Customers who wait at counters: events in a binary heap, counters in a list of objects, all captured by closures.
import sys


class Event:
    __slots__ = ("time", "leaves", "counter", "customer")

    def __init__(self, time, leaves, counter, customer):
        self.time = time
        self.leaves = leaves
        self.counter = counter
        self.customer = customer


class Counter:
    __slots__ = ("busy", "served", "waited", "line", "front")

    def __init__(self):
        self.busy = False
        self.served = 0
        self.waited = 0
        self.line = []
        self.front = 0


def simulation(counters):
    heap = []
    size = 0
    places = [Counter() for _ in range(counters)]
    seed = 42

    def random(n):
        nonlocal seed
        seed = seed * 16807 % 2147483647
        return seed % n

    def add(time, leaves, counter, customer):
        nonlocal size
        at = size
        if size == len(heap):
            heap.append(None)
        size += 1
        while at > 0 and heap[(at - 1) // 2].time > time:
            heap[at] = heap[(at - 1) // 2]
            at = (at - 1) // 2
        heap[at] = Event(time, leaves, counter, customer)

    def take():
        nonlocal size
        first = heap[0]
        size -= 1
        last = heap[size]
        at = 0
        child = 1
        while child < size:
            if child + 1 < size and heap[child + 1].time < heap[child].time:
                child += 1
            if last.time <= heap[child].time:
                break
            heap[at] = heap[child]
            at = child
            child = 2 * at + 1
        heap[at] = last
        return first

    def shortest():
        best = places[0]
        for place in places:
            if len(place.line) - place.front < len(best.line) - best.front:
                best = place
        return best

    def serve(place, arrived, now):
        place.busy = True
        place.served += 1
        place.waited += now - arrived
        add(now + 20 + random(60), True, place, place.served)

    def arrive(now, left):
        place = shortest()
        if place.busy:
            place.line.append(now)
        else:
            serve(place, now, now)
        if left > 0:
            add(now + 1 + random(18), False, None, left - 1)

    def leave(now, place):
        place.busy = False
        if place.front < len(place.line):
            arrived = place.line[place.front]
            place.front += 1
            if place.front == len(place.line):
                place.front = 0
                place.line = []
            serve(place, arrived, now)

    def run(customers):
        now = 0
        add(0, False, None, customers - 1)
        while size > 0:
            event = take()
            now = event.time
            if event.leaves:
                leave(now, event.counter)
            else:
                arrive(now, event.customer)
        served = sum(place.served for place in places)
        waited = sum(place.waited for place in places)
        print(now, served, waited, places[0].served)

    return run


simulation(6)(int(sys.argv[1]) if len(sys.argv) > 1 else 150000)
