// Neighbours on a torus of nested arrays; a new grid for each generation.
function step(grid, n) {
  const next = [];
  for (let y = 0; y < n; y++) {
    const above = grid[(y + n - 1) % n];
    const here = grid[y];
    const below = grid[(y + 1) % n];
    const row = [];
    for (let x = 0; x < n; x++) {
      const l = (x + n - 1) % n;
      const r = (x + 1) % n;
      const around = above[l] + above[x] + above[r] + here[l] + here[r] + below[l] + below[x] + below[r];
      row.push(around === 3 || around === 2 && here[x] === 1 ? 1 : 0);
    }
    next.push(row);
  }
  return next;
}

function run(n, generations) {
  let grid = [];
  let seed = 7;
  for (let y = 0; y < n; y++) {
    const row = [];
    for (let x = 0; x < n; x++) {
      seed = seed * 16807 % 2147483647;
      row.push(seed % 2);
    }
    grid.push(row);
  }
  for (let i = 0; i < generations; i++) grid = step(grid, n);
  let alive = 0;
  for (const row of grid) for (const cell of row) alive += cell;
  console.log(alive);
}
run(64, Number((typeof scriptArgs === "undefined" ? process.argv[2] : scriptArgs[1]) ?? 1200));
