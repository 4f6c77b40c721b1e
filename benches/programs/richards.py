# An operating system's kernel (Richards): tasks and packets are objects, linked by references.
import sys

WORKER, HANDLER_A, HANDLER_B, DEVICE_A, DEVICE_B = 1, 2, 3, 4, 5
tasks = []
queued = 0
held = 0


class Packet:
    __slots__ = ("link", "task", "is_work", "datum", "letters")

    def __init__(self, link, task, is_work):
        self.link = link
        self.task = task
        self.is_work = is_work
        self.datum = 0
        self.letters = [0, 0, 0, 0]

    def append_to(self, packets):
        """The list with this packet at its end."""
        self.link = None
        if packets is None:
            return self
        at = packets
        while at.link is not None:
            at = at.link
        at.link = self
        return packets


class Task:
    __slots__ = ("id", "link", "priority", "queue", "pending", "waiting", "held", "first", "second")

    def __init__(self, priority, queue, waiting, first=None, second=None):
        self.id = len(tasks)
        self.link = tasks[-1] if tasks else None
        self.priority = priority
        self.queue = queue
        self.pending = queue is not None
        self.waiting = waiting
        self.held = False
        self.first = first
        self.second = second
        tasks.append(self)

    def stopped(self):
        return self.held or self.waiting and not self.pending

    def has_work(self):
        return self.waiting and self.pending and not self.held

    def run(self):
        """Runs the task once; the task that goes on."""
        p = None
        if self.has_work():
            p = self.queue
            self.queue = p.link
            self.waiting = False
            self.pending = self.queue is not None
        return self.step(p)

    def wait(self):
        self.waiting = True
        return self

    def hold(self):
        global held
        held += 1
        self.held = True
        return self.link

    def release(self, id):
        t = tasks[id]
        t.held = False
        return t if t.priority > self.priority else self

    def send(self, p):
        """Sends a packet to its task; the task that goes on."""
        global queued
        t = tasks[p.task]
        queued += 1
        p.task = self.id
        if t.queue is None:
            p.link = None
            t.queue = p
            t.pending = True
            return t if t.priority > self.priority else self
        t.queue = p.append_to(t.queue)
        return self


class Idle(Task):
    __slots__ = ()

    def step(self, p):
        self.second -= 1
        if self.second == 0:
            return self.hold()
        control = self.first
        if control % 2 == 0:
            self.first = control // 2
            return self.release(DEVICE_A)
        self.first = control // 2 ^ 53256
        return self.release(DEVICE_B)


class Worker(Task):
    __slots__ = ()

    def step(self, p):
        if p is None:
            return self.wait()
        self.first = HANDLER_A + HANDLER_B - self.first
        p.task = self.first
        p.datum = 0
        for i in range(4):
            self.second += 1
            if self.second > 26:
                self.second = 1
            p.letters[i] = 64 + self.second
        return self.send(p)


class Handler(Task):
    """Keeps packets of work in `first`, packets of its device in `second`."""

    __slots__ = ()

    def step(self, p):
        if p is not None:
            if p.is_work:
                self.first = p.append_to(self.first)
            else:
                self.second = p.append_to(self.second)
        job = self.first
        if job is None:
            return self.wait()
        done = job.datum
        if done > 3:
            self.first = job.link
            return self.send(job)
        free = self.second
        if free is None:
            return self.wait()
        self.second = free.link
        free.datum = job.letters[done]
        job.datum = done + 1
        return self.send(free)


class Device(Task):
    __slots__ = ()

    def step(self, p):
        if p is not None:
            self.first = p
            return self.hold()
        ready = self.first
        if ready is None:
            return self.wait()
        self.first = None
        return self.send(ready)


def packets(n, task, is_work):
    chain = None
    for _ in range(n):
        chain = Packet(chain, task, is_work)
    return chain


def run(turns):
    Idle(0, None, False, 1, turns)
    Worker(1000, packets(2, WORKER, True), True, HANDLER_A, 0)
    Handler(2000, packets(3, DEVICE_A, False), True)
    Handler(3000, packets(3, DEVICE_B, False), True)
    Device(4000, None, True)
    Device(5000, None, True)
    current = tasks[DEVICE_B]
    while current is not None:
        current = current.link if current.stopped() else current.run()
    print(queued, held)


run(int(sys.argv[1]) if len(sys.argv) > 1 else 500000)
