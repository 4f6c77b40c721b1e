// Calls with three arguments, most of them nested.
function tak(x, y, z) {
  if (y >= x) return z;
  return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y));
}

function run(rounds) {
  let total = 0;
  for (let i = 0; i < rounds; i++) total += tak(18, 12, 6 - i % 2);
  console.log(total);
}
run(Number((typeof scriptArgs === "undefined" ? process.argv[2] : scriptArgs[1]) ?? 200));
