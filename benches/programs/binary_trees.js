// Allocation and freeing of many small arrays: complete binary trees.
function build(depth) {
  if (depth === 0) return [null, null];
  return [build(depth - 1), build(depth - 1)];
}

function count(tree) {
  if (tree[0] === null) return 1;
  return 1 + count(tree[0]) + count(tree[1]);
}

function run(depth) {
  const longLived = build(depth);
  for (let d = 4; d <= depth; d += 4) {
    let rounds = 1;
    for (let i = 0; i < depth - d + 2; i++) rounds *= 2;
    let total = 0;
    for (let i = 0; i < rounds; i++) total += count(build(d));
    console.log(`${rounds} ${d} ${total}`);
  }
  console.log(count(longLived));
}
run(Number((typeof scriptArgs === "undefined" ? process.argv[2] : scriptArgs[1]) ?? 17));
