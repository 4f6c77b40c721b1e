// Many values from a generator.
function* numbers(n) {
  let i = 0;
  while (i < n) {
    yield i;
    i++;
  }
}

function total(n) {
  let sum = 0;
  for (const v of numbers(n)) sum += v;
  return sum;
}
console.log(total(Number((typeof scriptArgs === "undefined" ? process.argv[2] : scriptArgs[1]) ?? 4000000)));
