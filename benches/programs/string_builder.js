// A long text from many short pieces, each with two interpolated numbers.
function build(n) {
  let s = "";
  for (let i = 0; i < n; i++) {
    s += `${i}:${i % 7};`;
  }
  return s;
}
const s = build(Number((typeof scriptArgs === "undefined" ? process.argv[2] : scriptArgs[1]) ?? 700000));
console.log(`${s.length} ${s.substring(1000, 1020)}`);
