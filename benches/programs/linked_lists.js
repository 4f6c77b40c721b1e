// Linked lists of objects, with a list of free ones: sorted insertion, reversal, removal, merging.
class Node {
  constructor(value, next) {
    this.value = value;
    this.next = next;
  }
}

let free = null;
let made = 0;

function make(value, next) {
  const node = free;
  if (node === null) {
    made++;
    return new Node(value, next);
  }
  free = node.next;
  node.value = value;
  node.next = next;
  return node;
}

function release(node) {
  node.next = free;
  free = node;
}

function insert(head, value) {
  if (head === null || head.value >= value) return make(value, head);
  let at = head;
  while (at.next !== null && at.next.value < value) at = at.next;
  at.next = make(value, at.next);
  return head;
}

function reverse(head) {
  let done = null;
  while (head !== null) {
    const next = head.next;
    head.next = done;
    done = head;
    head = next;
  }
  return done;
}

function removeMultiples(head, k) {
  while (head !== null && head.value % k === 0) {
    const next = head.next;
    release(head);
    head = next;
  }
  let at = head;
  while (at !== null) {
    const next = at.next;
    if (next !== null && next.value % k === 0) {
      at.next = next.next;
      release(next);
    } else {
      at = next;
    }
  }
  return head;
}

// Merges two falling lists.
function merge(a, b) {
  if (a === null) return b;
  if (b === null) return a;
  if (a.value >= b.value) {
    a.next = merge(a.next, b);
    return a;
  }
  b.next = merge(a, b.next);
  return b;
}

function total(head) {
  let sum = 0;
  let place = 1;
  for (let at = head; at !== null; at = at.next) {
    sum += at.value * place;
    at.value += 1;
    place += 1;
  }
  return sum;
}

function releaseAll(head) {
  while (head !== null) {
    const next = head.next;
    release(head);
    head = next;
  }
}

function run(rounds) {
  let seed = 42;
  let sum = 0;
  for (let round = 0; round < rounds; round++) {
    let a = null;
    let b = null;
    for (let i = 0; i < 40; i++) {
      seed = seed * 16807 % 2147483647;
      a = insert(a, seed % 1000);
      b = insert(b, Math.floor(seed / 1000) % 1000);
    }
    const merged = removeMultiples(merge(reverse(a), reverse(b)), 3);
    sum = (sum + total(merged) + total(merged)) % 1000003;
    releaseAll(merged);
  }
  console.log(`${sum} ${made}`);
}
run(Number((typeof scriptArgs === "undefined" ? process.argv[2] : scriptArgs[1]) ?? 10000));
