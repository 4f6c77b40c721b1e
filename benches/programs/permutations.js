// All permutations of a list, built recursively from slices.
function permutations(items) {
  if (items.length <= 1) return [items];
  const found = [];
  for (let i = 0; i < items.length; i++) {
    const rest = items.slice(0, i).concat(items.slice(i + 1));
    for (const tail of permutations(rest)) found.push([items[i], ...tail]);
  }
  return found;
}

function run(rounds) {
  let total = 0;
  for (let round = 0; round < rounds; round++) {
    const found = permutations([0, 1, 2, 3, 4, 5, 6]);
    for (let i = 0; i < found.length; i++) total += found[i][i % 7] * (round + 1);
  }
  console.log(total);
}
run(Number((typeof scriptArgs === "undefined" ? process.argv[2] : scriptArgs[1]) ?? 40));
