// Sorting in place by an array handed from call to call.
function quicksort(a, low, high) {
  if (low >= high) return a;
  const pivot = a[low];
  let i = low;
  let j = high;
  while (i <= j) {
    while (a[i] < pivot) i++;
    while (a[j] > pivot) j--;
    if (i <= j) {
      const t = a[i];
      a[i] = a[j];
      a[j] = t;
      i++;
      j--;
    }
  }
  a = quicksort(a, low, j);
  return quicksort(a, i, high);
}

function run(n) {
  let seed = 42;
  let a = [];
  for (let i = 0; i < n; i++) {
    seed = seed * 16807 % 2147483647;
    a.push(seed);
  }
  a = quicksort(a, 0, n - 1);
  let wrong = 0;
  for (let i = 0; i < n - 1; i++) {
    if (a[i] > a[i + 1]) wrong++;
  }
  console.log(`${wrong} ${a[0]} ${a[Math.floor(n / 2)]} ${a[n - 1]}`);
}
run(Number((typeof scriptArgs === "undefined" ? process.argv[2] : scriptArgs[1]) ?? 1000000));
