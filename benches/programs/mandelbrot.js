// Float arithmetic in registers: points of a grid that stay bounded for 50 steps.
function mandelbrot(n) {
  let inside = 0;
  for (let py = 0; py < n; py++) {
    const ci = 2.0 * py / n - 1.0;
    for (let px = 0; px < n; px++) {
      const cr = 2.0 * px / n - 1.5;
      let zr = 0.0;
      let zi = 0.0;
      let step = 0;
      let bounded = true;
      while (step < 50) {
        const zr2 = zr * zr;
        const zi2 = zi * zi;
        if (zr2 + zi2 > 4.0) {
          bounded = false;
          break;
        }
        zi = 2.0 * zr * zi + ci;
        zr = zr2 - zi2 + cr;
        step++;
      }
      if (bounded) inside++;
    }
  }
  return inside;
}
console.log(mandelbrot(Number((typeof scriptArgs === "undefined" ? process.argv[2] : scriptArgs[1]) ?? 900)));
