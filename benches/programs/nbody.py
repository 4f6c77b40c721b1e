# Float fields of objects, updated in place inside a list.
import math
import sys


class Body:
    __slots__ = ("x", "y", "z", "vx", "vy", "vz", "mass")

    def __init__(self, x, y, z, vx, vy, vz, mass):
        self.x = x
        self.y = y
        self.z = z
        self.vx = vx
        self.vy = vy
        self.vz = vz
        self.mass = mass


def system():
    pi = 3.141592653589793
    solar = 4.0 * pi * pi
    year = 365.24
    return [
        Body(x=0.0, y=0.0, z=0.0, vx=0.0, vy=0.0, vz=0.0, mass=solar),
        Body(
            x=4.84143144246472090, y=-1.16032004402742839, z=-0.103622044471123109,
            vx=0.00166007664274403694 * year, vy=0.00769901118419740425 * year, vz=-0.0000690460016972063023 * year,
            mass=0.000954791938424326609 * solar,
        ),
        Body(
            x=8.34336671824457987, y=4.12479856412430479, z=-0.403523417114321381,
            vx=-0.00276742510726411 * year, vy=0.00499852801234917238 * year, vz=0.0000230417297573763929 * year,
            mass=0.000285885980666130812 * solar,
        ),
        Body(
            x=12.8943695621391310, y=-15.1111514016986312, z=-0.223307578892655734,
            vx=0.00296460137564761618 * year, vy=0.00237847173959480950 * year, vz=-0.0000296589568540237556 * year,
            mass=0.0000436624404335156298 * solar,
        ),
        Body(
            x=15.3796971148509165, y=-25.9193146099879641, z=0.179258772950371181,
            vx=0.00268067772490389322 * year, vy=0.00162824170038242295 * year, vz=-0.0000951592254519715870 * year,
            mass=0.0000515138902046611451 * solar,
        ),
    ]


def advance(bodies, dt):
    n = len(bodies)
    for i in range(n):
        a = bodies[i]
        for j in range(i + 1, n):
            b = bodies[j]
            dx = a.x - b.x
            dy = a.y - b.y
            dz = a.z - b.z
            d2 = dx * dx + dy * dy + dz * dz
            mag = dt / (d2 * math.sqrt(d2))
            mi = a.mass * mag
            mj = b.mass * mag
            a.vx -= dx * mj
            a.vy -= dy * mj
            a.vz -= dz * mj
            b.vx += dx * mi
            b.vy += dy * mi
            b.vz += dz * mi
    for a in bodies:
        a.x += dt * a.vx
        a.y += dt * a.vy
        a.z += dt * a.vz


def energy(bodies):
    n = len(bodies)
    e = 0.0
    for i in range(n):
        b = bodies[i]
        e += 0.5 * b.mass * (b.vx * b.vx + b.vy * b.vy + b.vz * b.vz)
        for j in range(i + 1, n):
            c = bodies[j]
            dx = b.x - c.x
            dy = b.y - c.y
            dz = b.z - c.z
            e -= b.mass * c.mass / math.sqrt(dx * dx + dy * dy + dz * dz)
    return e


def run(steps):
    bodies = system()
    px = py = pz = 0.0
    for b in bodies:
        px += b.vx * b.mass
        py += b.vy * b.mass
        pz += b.vz * b.mass
    bodies[0].vx = -px / bodies[0].mass
    bodies[0].vy = -py / bodies[0].mass
    bodies[0].vz = -pz / bodies[0].mass
    print(int(energy(bodies) * 1000000000))
    for _ in range(steps):
        advance(bodies, 0.01)
    print(int(energy(bodies) * 1000000000))


run(int(sys.argv[1]) if len(sys.argv) > 1 else 250000)
