// An operating system's kernel (Richards): tasks and packets are objects, linked by references.
const WORKER = 1, HANDLER_A = 2, HANDLER_B = 3, DEVICE_A = 4, DEVICE_B = 5;
const tasks = [];
let current = null;
let queued = 0;
let held = 0;

class Packet {
  constructor(link, task, isWork) {
    this.link = link;
    this.task = task;
    this.isWork = isWork;
    this.datum = 0;
    this.letters = [0, 0, 0, 0];
  }

  // The list with this packet at its end.
  appendTo(list) {
    this.link = null;
    if (list === null) return this;
    let at = list;
    while (at.link !== null) at = at.link;
    at.link = this;
    return list;
  }
}

class Task {
  constructor(priority, queue, waiting, first, second) {
    this.id = tasks.length;
    this.link = tasks.length > 0 ? tasks[tasks.length - 1] : null;
    this.priority = priority;
    this.queue = queue;
    this.pending = queue !== null;
    this.waiting = waiting;
    this.held = false;
    this.first = first;
    this.second = second;
    tasks.push(this);
  }

  stopped() { return this.held || this.waiting && !this.pending; }
  hasWork() { return this.waiting && this.pending && !this.held; }

  // Runs the task once; the task that goes on.
  run() {
    let p = null;
    if (this.hasWork()) {
      p = this.queue;
      this.queue = p.link;
      this.waiting = false;
      this.pending = this.queue !== null;
    }
    return this.step(p);
  }

  wait() {
    this.waiting = true;
    return this;
  }

  hold() {
    held++;
    this.held = true;
    return this.link;
  }

  release(id) {
    const t = tasks[id];
    t.held = false;
    return t.priority > this.priority ? t : this;
  }

  // Sends a packet to its task; the task that goes on.
  send(p) {
    const t = tasks[p.task];
    queued++;
    p.task = this.id;
    if (t.queue === null) {
      p.link = null;
      t.queue = p;
      t.pending = true;
      return t.priority > this.priority ? t : this;
    }
    t.queue = p.appendTo(t.queue);
    return this;
  }
}

class Idle extends Task {
  step() {
    this.second--;
    if (this.second === 0) return this.hold();
    const control = this.first;
    if (control % 2 === 0) {
      this.first = control / 2;
      return this.release(DEVICE_A);
    }
    this.first = control >> 1 ^ 53256;
    return this.release(DEVICE_B);
  }
}

class Worker extends Task {
  step(p) {
    if (p === null) return this.wait();
    this.first = HANDLER_A + HANDLER_B - this.first;
    p.task = this.first;
    p.datum = 0;
    for (let i = 0; i < 4; i++) {
      this.second++;
      if (this.second > 26) this.second = 1;
      p.letters[i] = 64 + this.second;
    }
    return this.send(p);
  }
}

// Keeps packets of work in `first`, packets of its device in `second`.
class Handler extends Task {
  step(p) {
    if (p !== null) {
      if (p.isWork) this.first = p.appendTo(this.first);
      else this.second = p.appendTo(this.second);
    }
    const job = this.first;
    if (job === null) return this.wait();
    const done = job.datum;
    if (done > 3) {
      this.first = job.link;
      return this.send(job);
    }
    const free = this.second;
    if (free === null) return this.wait();
    this.second = free.link;
    free.datum = job.letters[done];
    job.datum = done + 1;
    return this.send(free);
  }
}

class Device extends Task {
  step(p) {
    if (p !== null) {
      this.first = p;
      return this.hold();
    }
    const ready = this.first;
    if (ready === null) return this.wait();
    this.first = null;
    return this.send(ready);
  }
}

function packets(n, task, isWork) {
  let list = null;
  for (let i = 0; i < n; i++) list = new Packet(list, task, isWork);
  return list;
}

function run(turns) {
  new Idle(0, null, false, 1, turns);
  new Worker(1000, packets(2, WORKER, true), true, HANDLER_A, 0);
  new Handler(2000, packets(3, DEVICE_A, false), true, null, null);
  new Handler(3000, packets(3, DEVICE_B, false), true, null, null);
  new Device(4000, null, true, null, null);
  new Device(5000, null, true, null, null);
  current = tasks[DEVICE_B];
  while (current !== null) current = current.stopped() ? current.link : current.run();
  console.log(`${queued} ${held}`);
}
run(Number((typeof scriptArgs === "undefined" ? process.argv[2] : scriptArgs[1]) ?? 500000));
