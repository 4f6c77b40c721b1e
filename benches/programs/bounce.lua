-- Balls that bounce in a box: an array of tables, each changed by its method.
local Ball = {}
Ball.__index = Ball

function Ball.new(x, y, vx, vy) return setmetatable({ x = x, y = y, vx = vx, vy = vy, bounces = 0 }, Ball) end

function Ball:move()
  local bounced = false
  self.x = self.x + self.vx
  self.y = self.y + self.vy
  if self.x > 500 then
    self.x = 1000 - self.x
    self.vx = -self.vx
    bounced = true
  elseif self.x < 0 then
    self.x = -self.x
    self.vx = -self.vx
    bounced = true
  end
  if self.y > 500 then
    self.y = 1000 - self.y
    self.vy = -self.vy
    bounced = true
  elseif self.y < 0 then
    self.y = -self.y
    self.vy = -self.vy
    bounced = true
  end
  if bounced then self.bounces = self.bounces + 1 end
end

local seed = 74755

local function below(n)
  seed = (seed * 1309 + 13849) % 65536
  return seed % n
end

local function run(frames)
  local balls = {}
  for i = 1, 1000 do
    local x = below(500)
    local y = below(500)
    local vx = below(300) - 150
    local vy = below(300) - 150
    balls[i] = Ball.new(x, y, vx, vy)
  end
  for _ = 1, frames do
    for i = 1, #balls do balls[i]:move() end
  end
  local bounces, places = 0, 0
  for _, ball in ipairs(balls) do
    bounces = bounces + ball.bounces
    places = places + ball.x + ball.y
  end
  print(bounces .. " " .. places)
end
run(tonumber((...)) or 5000)
