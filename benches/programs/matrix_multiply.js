// Nested arrays of floats in three loops.
function matrix(n, seed) {
  const rows = [];
  for (let i = 0; i < n; i++) {
    const row = [];
    for (let j = 0; j < n; j++) row.push(((i * seed + j * 3) % 17) * 0.5);
    rows.push(row);
  }
  return rows;
}

function transpose(a, n) {
  const rows = [];
  for (let i = 0; i < n; i++) {
    const row = [];
    for (let j = 0; j < n; j++) row.push(a[j][i]);
    rows.push(row);
  }
  return rows;
}

function multiply(a, b, n) {
  const columns = transpose(b, n);
  const rows = [];
  for (let i = 0; i < n; i++) {
    const left = a[i];
    const row = [];
    for (let j = 0; j < n; j++) {
      const right = columns[j];
      let sum = 0.0;
      for (let k = 0; k < n; k++) sum += left[k] * right[k];
      row.push(sum);
    }
    rows.push(row);
  }
  return rows;
}

function run(n) {
  const product = multiply(matrix(n, 5), matrix(n, 7), n);
  let trace = 0.0;
  for (let i = 0; i < n; i++) trace += product[i][i];
  console.log(`${Math.trunc(trace * 4)} ${Math.trunc(product[0][n - 1] * 4)}`);
}
run(Number((typeof scriptArgs === "undefined" ? process.argv[2] : scriptArgs[1]) ?? 350));
