// Edit distance: characters of strings and two rows of ints.
function smaller(a, b) {
  if (a < b) return a;
  return b;
}

function distance(a, b) {
  const n = b.length;
  let previous = [];
  for (let j = 0; j <= n; j++) previous.push(j);
  for (let i = 0; i < a.length; i++) {
    const c = a[i];
    const row = [i + 1];
    for (let j = 0; j < n; j++) {
      let cost = 1;
      if (c === b[j]) cost = 0;
      row.push(smaller(smaller(previous[j + 1], row[j]) + 1, previous[j] + cost));
    }
    previous = row;
  }
  return previous[n];
}

function text(n, seed) {
  const letters = "abcdefgh";
  let s = "";
  let x = seed;
  for (let i = 0; i < n; i++) {
    x = x * 16807 % 2147483647;
    s += letters[x % 8];
  }
  return s;
}
const n = Number((typeof scriptArgs === "undefined" ? process.argv[2] : scriptArgs[1]) ?? 2400);
console.log(distance(text(n, 1), text(n, 2)));
