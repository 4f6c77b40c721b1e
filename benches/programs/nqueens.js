// Backtracking over arrays captured by a recursive closure.
function solve(n) {
  const columns = [];
  const rising = [];
  const falling = [];
  for (let i = 0; i < n; i++) columns.push(true);
  for (let i = 0; i < 2 * n; i++) {
    rising.push(true);
    falling.push(true);
  }
  let solutions = 0;
  function place(row) {
    if (row === n) {
      solutions++;
      return;
    }
    for (let c = 0; c < n; c++) {
      if (columns[c] && rising[row + c] && falling[row - c + n]) {
        columns[c] = false;
        rising[row + c] = false;
        falling[row - c + n] = false;
        place(row + 1);
        columns[c] = true;
        rising[row + c] = true;
        falling[row - c + n] = true;
      }
    }
  }
  place(0);
  return solutions;
}

function run(rounds) {
  let total = 0;
  for (let i = 0; i < rounds; i++) total += solve(8 + i % 3);
  console.log(total);
}
run(Number((typeof scriptArgs === "undefined" ? process.argv[2] : scriptArgs[1]) ?? 100));
