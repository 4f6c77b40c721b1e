// Array reads and in-place writes: primes below a number.
function sieve(n) {
  const prime = [];
  for (let i = 0; i < n; i++) prime.push(true);
  let count = 0;
  let i = 2;
  while (i < n) {
    if (prime[i]) {
      count++;
      let j = i + i;
      while (j < n) {
        prime[j] = false;
        j += i;
      }
    }
    i++;
  }
  return count;
}
console.log(sieve(Number((typeof scriptArgs === "undefined" ? process.argv[2] : scriptArgs[1]) ?? 4000000)));
