// A map with int keys as the memory of a recursive function: binomial coefficients modulo a prime.
const memo = new Map();

function binomial(n, k) {
  if (k === 0 || k === n) return 1;
  const key = n * 10000 + k;
  if (memo.has(key)) return memo.get(key);
  const result = (binomial(n - 1, k - 1) + binomial(n - 1, k)) % 1000003;
  memo.set(key, result);
  return result;
}
const n = Number((typeof scriptArgs === "undefined" ? process.argv[2] : scriptArgs[1]) ?? 2800);
console.log(`${binomial(n, Math.floor(n / 2))} ${memo.size}`);
