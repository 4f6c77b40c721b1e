// Nested counting loops.
function count(n) {
  let total = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) total += j;
  }
  return total;
}
console.log(count(Number((typeof scriptArgs === "undefined" ? process.argv[2] : scriptArgs[1]) ?? 12000)));
