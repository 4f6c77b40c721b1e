// Recursive calls and small-integer arithmetic.
function fib(n) {
  if (n < 2) return n;
  return fib(n - 1) + fib(n - 2);
}
console.log(fib(Number((typeof scriptArgs === "undefined" ? process.argv[2] : scriptArgs[1]) ?? 35)));
