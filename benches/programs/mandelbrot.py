# Float arithmetic in locals: points of a grid that stay bounded for 50 steps.
import sys


def mandelbrot(n):
    inside = 0
    for py in range(n):
        ci = 2.0 * py / n - 1.0
        for px in range(n):
            cr = 2.0 * px / n - 1.5
            zr = 0.0
            zi = 0.0
            step = 0
            bounded = True
            while step < 50:
                zr2 = zr * zr
                zi2 = zi * zi
                if zr2 + zi2 > 4.0:
                    bounded = False
                    break
                zi = 2.0 * zr * zi + ci
                zr = zr2 - zi2 + cr
                step += 1
            if bounded:
                inside += 1
    return inside


print(mandelbrot(int(sys.argv[1]) if len(sys.argv) > 1 else 900))
