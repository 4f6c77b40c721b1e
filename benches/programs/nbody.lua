-- Float fields of structs, updated in place inside an array.
local sqrt = math.sqrt

local function system()
  local pi = 3.141592653589793
  local solar = 4.0 * pi * pi
  local year = 365.24
  return {
    { x = 0.0, y = 0.0, z = 0.0, vx = 0.0, vy = 0.0, vz = 0.0, mass = solar },
    {
      x = 4.84143144246472090, y = -1.16032004402742839, z = -0.103622044471123109,
      vx = 0.00166007664274403694 * year, vy = 0.00769901118419740425 * year, vz = -0.0000690460016972063023 * year,
      mass = 0.000954791938424326609 * solar
    },
    {
      x = 8.34336671824457987, y = 4.12479856412430479, z = -0.403523417114321381,
      vx = -0.00276742510726411 * year, vy = 0.00499852801234917238 * year, vz = 0.0000230417297573763929 * year,
      mass = 0.000285885980666130812 * solar
    },
    {
      x = 12.8943695621391310, y = -15.1111514016986312, z = -0.223307578892655734,
      vx = 0.00296460137564761618 * year, vy = 0.00237847173959480950 * year, vz = -0.0000296589568540237556 * year,
      mass = 0.0000436624404335156298 * solar
    },
    {
      x = 15.3796971148509165, y = -25.9193146099879641, z = 0.179258772950371181,
      vx = 0.00268067772490389322 * year, vy = 0.00162824170038242295 * year, vz = -0.0000951592254519715870 * year,
      mass = 0.0000515138902046611451 * solar
    }
  }
end

local function advance(bodies, dt)
  local n = #bodies
  for i = 1, n do
    local a = bodies[i]
    for j = i + 1, n do
      local b = bodies[j]
      local dx = a.x - b.x
      local dy = a.y - b.y
      local dz = a.z - b.z
      local d2 = dx * dx + dy * dy + dz * dz
      local mag = dt / (d2 * sqrt(d2))
      local mi = a.mass * mag
      local mj = b.mass * mag
      a.vx = a.vx - dx * mj
      a.vy = a.vy - dy * mj
      a.vz = a.vz - dz * mj
      b.vx = b.vx + dx * mi
      b.vy = b.vy + dy * mi
      b.vz = b.vz + dz * mi
    end
  end
  for i = 1, n do
    local a = bodies[i]
    a.x = a.x + dt * a.vx
    a.y = a.y + dt * a.vy
    a.z = a.z + dt * a.vz
  end
end

local function energy(bodies)
  local n = #bodies
  local e = 0.0
  for i = 1, n do
    local b = bodies[i]
    e = e + 0.5 * b.mass * (b.vx * b.vx + b.vy * b.vy + b.vz * b.vz)
    for j = i + 1, n do
      local c = bodies[j]
      local dx = b.x - c.x
      local dy = b.y - c.y
      local dz = b.z - c.z
      e = e - b.mass * c.mass / sqrt(dx * dx + dy * dy + dz * dz)
    end
  end
  return e
end

local function truncated(x)
  return string.format("%d", x < 0 and math.ceil(x) or math.floor(x))
end

local function run(steps)
  local bodies = system()
  local px, py, pz = 0.0, 0.0, 0.0
  for _, b in ipairs(bodies) do
    px = px + b.vx * b.mass
    py = py + b.vy * b.mass
    pz = pz + b.vz * b.mass
  end
  bodies[1].vx = -px / bodies[1].mass
  bodies[1].vy = -py / bodies[1].mass
  bodies[1].vz = -pz / bodies[1].mass
  print(truncated(energy(bodies) * 1000000000))
  for _ = 1, steps do advance(bodies, 0.01) end
  print(truncated(energy(bodies) * 1000000000))
end
run(tonumber((...)) or 250000)
