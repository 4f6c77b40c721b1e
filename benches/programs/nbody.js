// Float fields of objects, updated in place inside an array.
function system() {
  const pi = 3.141592653589793;
  const solar = 4.0 * pi * pi;
  const year = 365.24;
  return [
    { x: 0.0, y: 0.0, z: 0.0, vx: 0.0, vy: 0.0, vz: 0.0, mass: solar },
    {
      x: 4.84143144246472090, y: -1.16032004402742839, z: -0.103622044471123109,
      vx: 0.00166007664274403694 * year, vy: 0.00769901118419740425 * year, vz: -0.0000690460016972063023 * year,
      mass: 0.000954791938424326609 * solar
    },
    {
      x: 8.34336671824457987, y: 4.12479856412430479, z: -0.403523417114321381,
      vx: -0.00276742510726411 * year, vy: 0.00499852801234917238 * year, vz: 0.0000230417297573763929 * year,
      mass: 0.000285885980666130812 * solar
    },
    {
      x: 12.8943695621391310, y: -15.1111514016986312, z: -0.223307578892655734,
      vx: 0.00296460137564761618 * year, vy: 0.00237847173959480950 * year, vz: -0.0000296589568540237556 * year,
      mass: 0.0000436624404335156298 * solar
    },
    {
      x: 15.3796971148509165, y: -25.9193146099879641, z: 0.179258772950371181,
      vx: 0.00268067772490389322 * year, vy: 0.00162824170038242295 * year, vz: -0.0000951592254519715870 * year,
      mass: 0.0000515138902046611451 * solar
    }
  ];
}

function advance(bodies, dt) {
  const n = bodies.length;
  for (let i = 0; i < n; i++) {
    const a = bodies[i];
    for (let j = i + 1; j < n; j++) {
      const b = bodies[j];
      const dx = a.x - b.x;
      const dy = a.y - b.y;
      const dz = a.z - b.z;
      const d2 = dx * dx + dy * dy + dz * dz;
      const mag = dt / (d2 * Math.sqrt(d2));
      const mi = a.mass * mag;
      const mj = b.mass * mag;
      a.vx -= dx * mj;
      a.vy -= dy * mj;
      a.vz -= dz * mj;
      b.vx += dx * mi;
      b.vy += dy * mi;
      b.vz += dz * mi;
    }
  }
  for (const a of bodies) {
    a.x += dt * a.vx;
    a.y += dt * a.vy;
    a.z += dt * a.vz;
  }
}

function energy(bodies) {
  const n = bodies.length;
  let e = 0.0;
  for (let i = 0; i < n; i++) {
    const b = bodies[i];
    e += 0.5 * b.mass * (b.vx * b.vx + b.vy * b.vy + b.vz * b.vz);
    for (let j = i + 1; j < n; j++) {
      const c = bodies[j];
      const dx = b.x - c.x;
      const dy = b.y - c.y;
      const dz = b.z - c.z;
      e -= b.mass * c.mass / Math.sqrt(dx * dx + dy * dy + dz * dz);
    }
  }
  return e;
}

function run(steps) {
  const bodies = system();
  let px = 0.0, py = 0.0, pz = 0.0;
  for (const b of bodies) {
    px += b.vx * b.mass;
    py += b.vy * b.mass;
    pz += b.vz * b.mass;
  }
  bodies[0].vx = -px / bodies[0].mass;
  bodies[0].vy = -py / bodies[0].mass;
  bodies[0].vz = -pz / bodies[0].mass;
  console.log(Math.trunc(energy(bodies) * 1000000000));
  for (let i = 0; i < steps; i++) advance(bodies, 0.01);
  console.log(Math.trunc(energy(bodies) * 1000000000));
}
run(Number((typeof scriptArgs === "undefined" ? process.argv[2] : scriptArgs[1]) ?? 250000));
