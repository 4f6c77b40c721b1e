// A protected call in a hot loop; one in ten throws.
function check(i) {
  if (i % 10 === 0) throw new Error("ten");
  return i;
}

function run(n) {
  let sum = 0;
  let caught = 0;
  for (let i = 0; i < n; i++) {
    try {
      sum += check(i);
    } catch (e) {
      if (e.message === "ten") caught++;
    }
  }
  console.log(`${sum} ${caught}`);
}
run(Number((typeof scriptArgs === "undefined" ? process.argv[2] : scriptArgs[1]) ?? 6000000));
