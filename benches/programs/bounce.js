// Balls that bounce in a box: an array of objects, each changed by its method.
class Ball {
  constructor(x, y, vx, vy) {
    this.x = x;
    this.y = y;
    this.vx = vx;
    this.vy = vy;
    this.bounces = 0;
  }

  move() {
    let bounced = false;
    this.x += this.vx;
    this.y += this.vy;
    if (this.x > 500) {
      this.x = 1000 - this.x;
      this.vx = -this.vx;
      bounced = true;
    } else if (this.x < 0) {
      this.x = -this.x;
      this.vx = -this.vx;
      bounced = true;
    }
    if (this.y > 500) {
      this.y = 1000 - this.y;
      this.vy = -this.vy;
      bounced = true;
    } else if (this.y < 0) {
      this.y = -this.y;
      this.vy = -this.vy;
      bounced = true;
    }
    if (bounced) this.bounces += 1;
  }
}

let seed = 74755;

function below(n) {
  seed = (seed * 1309 + 13849) % 65536;
  return seed % n;
}

function run(frames) {
  const balls = [];
  for (let i = 0; i < 1000; i++) {
    const x = below(500);
    const y = below(500);
    const vx = below(300) - 150;
    const vy = below(300) - 150;
    balls.push(new Ball(x, y, vx, vy));
  }
  for (let frame = 0; frame < frames; frame++) {
    for (const ball of balls) ball.move();
  }
  let bounces = 0;
  let places = 0;
  for (const ball of balls) {
    bounces += ball.bounces;
    places += ball.x + ball.y;
  }
  console.log(`${bounces} ${places}`);
}
run(Number((typeof scriptArgs === "undefined" ? process.argv[2] : scriptArgs[1]) ?? 5000));
