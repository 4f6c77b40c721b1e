// Permutations and prefix reversals on small int arrays (fannkuch).
function fannkuch(n) {
  const p = [], q = [], s = [];
  for (let i = 0; i < n; i++) {
    p.push(i);
    q.push(i);
    s.push(i);
  }
  let sign = 1;
  let most = 0;
  let sum = 0;
  while (true) {
    let first = p[0];
    if (first !== 0) {
      for (let i = 0; i < n; i++) q[i] = p[i];
      let flips = 1;
      while (true) {
        const next = q[first];
        if (next === 0) {
          sum += sign * flips;
          if (flips > most) most = flips;
          break;
        }
        q[first] = first;
        if (first >= 3) {
          let i = 1;
          let j = first - 1;
          while (i < j) {
            const t = q[i];
            q[i] = q[j];
            q[j] = t;
            i++;
            j--;
          }
        }
        first = next;
        flips++;
      }
    }
    if (sign === 1) {
      const t = p[0];
      p[0] = p[1];
      p[1] = t;
      sign = -1;
    } else {
      const t = p[1];
      p[1] = p[2];
      p[2] = t;
      sign = 1;
      for (let i = 2; i < n; i++) {
        const left = s[i];
        if (left !== 0) {
          s[i] = left - 1;
          break;
        }
        if (i === n - 1) return [sum, most];
        s[i] = i;
        const head = p[0];
        for (let j = 0; j <= i; j++) p[j] = p[j + 1];
        p[i + 1] = head;
      }
    }
  }
}

function run(rounds) {
  let sum = 0;
  let most = 0;
  for (let i = 0; i < rounds; i++) {
    const result = fannkuch(7 + i % 3);
    sum += result[0];
    most = result[1];
  }
  console.log(`${sum} ${most}`);
}
run(Number((typeof scriptArgs === "undefined" ? process.argv[2] : scriptArgs[1]) ?? 12));
