// Recursion that updates nested arrays in variables of the file.
const pegs = [[], [], []];
const tops = [0, 0, 0];
let moves = 0;

function move(source, target) {
  const disk = pegs[source][tops[source] - 1];
  tops[source] -= 1;
  pegs[target][tops[target]] = disk;
  tops[target] += 1;
  moves += 1;
}

function transfer(n, source, target, via) {
  if (n === 1) {
    move(source, target);
  } else {
    transfer(n - 1, source, via, target);
    move(source, target);
    transfer(n - 1, via, target, source);
  }
}

function run(n) {
  for (let peg = 0; peg < 3; peg++) {
    for (let i = 0; i < n; i++) pegs[peg].push(0);
  }
  for (let i = 0; i < n; i++) pegs[0][i] = n - i;
  tops[0] = n;
  transfer(n, 0, 2, 1);
  console.log(`${moves} [${tops.join(", ")}] ${pegs[2][0]} ${pegs[2][n - 1]}`);
}
run(Number((typeof scriptArgs === "undefined" ? process.argv[2] : scriptArgs[1]) ?? 23));
