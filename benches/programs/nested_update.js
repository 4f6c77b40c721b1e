// In-place updates of an array of arrays.
function update(n) {
  const g = [];
  for (let i = 0; i < 100; i++) {
    const row = [];
    for (let j = 0; j < 100; j++) row.push(0);
    g.push(row);
  }
  for (let v = 0; v < n; v++) {
    const j = v % 97;
    g[v % 100][j] = v;
  }
  let total = 0;
  for (const row of g) {
    for (const v of row) total += v;
  }
  return total;
}
console.log(update(Number((typeof scriptArgs === "undefined" ? process.argv[2] : scriptArgs[1]) ?? 30000000)));
