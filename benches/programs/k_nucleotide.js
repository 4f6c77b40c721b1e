// Counting substrings of a generated strand in a map.
function strand(n) {
  let seed = 42;
  let s = "";
  for (let i = 0; i < n; i++) {
    seed = seed * 3877 + 29573;
    seed = seed % 139968;
    s += "ACGT"[Math.floor(seed * 4 / 139968)];
  }
  return s;
}

function frequencies(s, k) {
  const counts = new Map();
  for (let i = 0; i <= s.length - k; i++) {
    const part = s.substring(i, i + k);
    counts.set(part, (counts.get(part) ?? 0) + 1);
  }
  return counts;
}

function run(n) {
  const s = strand(n);
  for (let k = 1; k <= 2; k++) {
    const counts = frequencies(s, k);
    for (const part of [...counts.keys()].sort()) console.log(`${part} ${counts.get(part)}`);
  }
  for (const part of ["GGT", "GGTA", "GGTATT", "GGTATTTTAATT"]) {
    console.log(`${frequencies(s, part.length).get(part) ?? 0} ${part}`);
  }
}
run(Number((typeof scriptArgs === "undefined" ? process.argv[2] : scriptArgs[1]) ?? 500000));
