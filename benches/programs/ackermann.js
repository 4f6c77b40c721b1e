// Deep recursion.
function ack(m, n) {
  if (m === 0) return n + 1;
  if (n === 0) return ack(m - 1, 1);
  return ack(m - 1, ack(m, n - 1));
}

function run(rounds) {
  let total = 0;
  for (let i = 0; i < rounds; i++) total += ack(3, 6);
  console.log(total);
}
run(Number((typeof scriptArgs === "undefined" ? process.argv[2] : scriptArgs[1]) ?? 200));
