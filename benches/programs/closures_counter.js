// Closures that share a captured variable, made often and called often.
function counter() {
  let n = 0;
  const add = (k) => { n += k; };
  const get = () => n;
  return [add, get];
}

function run(makers, calls) {
  let total = 0;
  for (let m = 0; m < makers; m++) {
    const [add, get] = counter();
    for (let i = 0; i < calls; i++) add(i);
    total += get();
  }
  console.log(total);
}
run(Number((typeof scriptArgs === "undefined" ? process.argv[2] : scriptArgs[1]) ?? 400000), 50);
