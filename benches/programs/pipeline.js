// Eager map, filter and reduce with small closures.
function run(rounds, n) {
  const numbers = [];
  for (let i = 0; i < n; i++) numbers.push(i);
  let total = 0;
  for (let round = 0; round < rounds; round++) {
    const squares = numbers.map((x) => x * x + round);
    const odd = squares.filter((x) => x % 3 === 1);
    total += odd.reduce((sum, x) => (sum + x) % 1000003, 0);
  }
  return total;
}
console.log(run(Number((typeof scriptArgs === "undefined" ? process.argv[2] : scriptArgs[1]) ?? 150), 50000));
