# Balls that bounce in a box: a list of objects, each changed by its method.
import sys


class Ball:
    __slots__ = ("x", "y", "vx", "vy", "bounces")

    def __init__(self, x, y, vx, vy):
        self.x = x
        self.y = y
        self.vx = vx
        self.vy = vy
        self.bounces = 0

    def move(self):
        bounced = False
        self.x += self.vx
        self.y += self.vy
        if self.x > 500:
            self.x = 1000 - self.x
            self.vx = -self.vx
            bounced = True
        elif self.x < 0:
            self.x = -self.x
            self.vx = -self.vx
            bounced = True
        if self.y > 500:
            self.y = 1000 - self.y
            self.vy = -self.vy
            bounced = True
        elif self.y < 0:
            self.y = -self.y
            self.vy = -self.vy
            bounced = True
        if bounced:
            self.bounces += 1


seed = 74755


def below(n):
    global seed
    seed = (seed * 1309 + 13849) % 65536
    return seed % n


def run(frames):
    balls = []
    for _ in range(1000):
        x = below(500)
        y = below(500)
        vx = below(300) - 150
        vy = below(300) - 150
        balls.append(Ball(x, y, vx, vy))
    for _ in range(frames):
        for ball in balls:
            ball.move()
    print(sum(ball.bounces for ball in balls), sum(ball.x + ball.y for ball in balls))


run(int(sys.argv[1]) if len(sys.argv) > 1 else 5000)
