// Nested while loops: compare, branch, add.
function count(n) {
  let total = 0;
  let i = 0;
  while (i < n) {
    let j = 0;
    while (j < n) {
      total = total + 1;
      j = j + 1;
    }
    i = i + 1;
  }
  return total;
}
console.log(count(Number((typeof scriptArgs === "undefined" ? process.argv[2] : scriptArgs[1]) ?? 8000)));
