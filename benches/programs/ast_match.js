// Switch dispatch over a tree of tagged objects: evaluation, symbolic derivation, counting.
function build(depth, seed) {
  if (depth === 0) {
    if (seed % 3 === 0) return { tag: "Var" };
    return { tag: "Num", n: seed % 10 };
  }
  const next = seed * 16807 % 2147483647;
  const a = build(depth - 1, next);
  const b = build(depth - 1, next * 7 % 2147483647);
  switch (next % 4) {
    case 0: return { tag: "Add", a, b };
    case 1: return { tag: "Sub", a, b };
    case 2: return { tag: "Mul", a, b };
    default: return { tag: "Neg", a };
  }
}

function evaluate(e, x) {
  switch (e.tag) {
    case "Num": return e.n;
    case "Var": return x;
    case "Add": return (evaluate(e.a, x) + evaluate(e.b, x)) % 1000003;
    case "Sub": return (evaluate(e.a, x) - evaluate(e.b, x) + 1000003) % 1000003;
    case "Mul": return evaluate(e.a, x) * evaluate(e.b, x) % 1000003;
    case "Neg": return (1000003 - evaluate(e.a, x)) % 1000003;
  }
}

function derive(e) {
  switch (e.tag) {
    case "Num": return { tag: "Num", n: 0 };
    case "Var": return { tag: "Num", n: 1 };
    case "Add": return { tag: "Add", a: derive(e.a), b: derive(e.b) };
    case "Sub": return { tag: "Sub", a: derive(e.a), b: derive(e.b) };
    case "Mul": return {
      tag: "Add", a: { tag: "Mul", a: derive(e.a), b: e.b }, b: { tag: "Mul", a: e.a, b: derive(e.b) }
    };
    case "Neg": return { tag: "Neg", a: derive(e.a) };
  }
}

function count(e) {
  switch (e.tag) {
    case "Num": return 1;
    case "Var": return 1;
    case "Neg": return 1 + count(e.a);
    default: return 1 + count(e.a) + count(e.b);
  }
}

function run(rounds) {
  const tree = build(11, 12345);
  let total = 0;
  let nodes = 0;
  for (let i = 0; i < rounds; i++) {
    const slope = derive(tree);
    nodes += count(slope);
    total += evaluate(tree, i % 10 + 1) + evaluate(slope, i % 10 + 1);
  }
  console.log(`${total} ${nodes}`);
}
run(Number((typeof scriptArgs === "undefined" ? process.argv[2] : scriptArgs[1]) ?? 1000));
