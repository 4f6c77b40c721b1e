// Growing arrays that live inside a map, by integer key.
function group(n) {
  const d = new Map();
  for (let k = 0; k < 100; k++) d.set(k, []);
  for (let i = 0; i < n; i++) d.get(i % 100).push(i);
  return d;
}

function run(rounds) {
  let total = 0;
  for (let round = 0; round < rounds; round++) {
    const d = group(100000);
    total += d.get(7).length + d.get(99)[999];
  }
  console.log(total);
}
run(Number((typeof scriptArgs === "undefined" ? process.argv[2] : scriptArgs[1]) ?? 200));
