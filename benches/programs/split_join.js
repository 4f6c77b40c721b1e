// A table as text: split into lines and cells, cells changed, joined again.
function table(rows) {
  const lines = [];
  for (let i = 0; i < rows; i++) {
    lines.push(`${i},name${i % 91},${i * 7 % 1000},north-${i % 13},end`);
  }
  return lines.join("\n");
}

function transform(text) {
  const out = [];
  let total = 0;
  for (const line of text.split("\n")) {
    const cells = line.split(",");
    const amount = parseInt(cells[2], 10);
    total += amount;
    cells[1] = cells[1].toUpperCase();
    cells[2] = String(amount * 2);
    cells[3] = cells[3].split("-").join("/");
    out.push(cells.join(";"));
  }
  return [out.join("\n"), total];
}

function run(rounds) {
  let sizes = 0;
  let sum = 0;
  const text = table(5000);
  for (let i = 0; i < rounds; i++) {
    const [changed, total] = transform(text);
    sizes += changed.length;
    sum += total;
  }
  console.log(`${sizes} ${sum}`);
}
run(Number((typeof scriptArgs === "undefined" ? process.argv[2] : scriptArgs[1]) ?? 40));
