-- An operating system's kernel (Richards): tasks and packets are tables, linked by references.
local bxor = bit and bit.bxor or load("return function(a, b) return a ~ b end")()
local floor = math.floor

local WORKER, HANDLER_A, HANDLER_B, DEVICE_A, DEVICE_B = 2, 3, 4, 5, 6

local Task = {}
Task.__index = Task
local tasks = {}
local current
local queued, held = 0, 0

function Task:stopped() return self.held or self.waiting and not self.pending end
function Task:has_work() return self.waiting and self.pending and not self.held end

local function new_packet(link, task, is_work)
  return { link = link, task = task, is_work = is_work, datum = 0, letters = { 0, 0, 0, 0 } }
end

local function new_task(priority, queue, waiting, step, first, second)
  local task = {
    id = #tasks + 1, link = tasks[#tasks], priority = priority, queue = queue, pending = queue ~= nil, waiting = waiting,
    held = false, step = step, first = first, second = second,
  }
  tasks[#tasks + 1] = setmetatable(task, Task)
end

-- The list with a packet at its end.
local function append(p, list)
  p.link = nil
  if not list then return p end
  local at = list
  while at.link do at = at.link end
  at.link = p
  return list
end

local function wait()
  current.waiting = true
  return current
end

local function hold()
  held = held + 1
  current.held = true
  return current.link
end

local function release(id)
  local t = tasks[id]
  t.held = false
  if t.priority > current.priority then return t end
  return current
end

-- Sends a packet to its task; the task that goes on.
local function send(p)
  local t = tasks[p.task]
  queued = queued + 1
  p.task = current.id
  if not t.queue then
    p.link = nil
    t.queue = p
    t.pending = true
    if t.priority > current.priority then return t end
    return current
  end
  t.queue = append(p, t.queue)
  return current
end

local function idle(self)
  self.second = self.second - 1
  if self.second == 0 then return hold() end
  local control = self.first
  if control % 2 == 0 then
    self.first = control / 2
    return release(DEVICE_A)
  end
  self.first = bxor(floor(control / 2), 53256)
  return release(DEVICE_B)
end

local function work(self, p)
  if not p then return wait() end
  self.first = HANDLER_A + HANDLER_B - self.first
  p.task = self.first
  p.datum = 0
  for i = 1, 4 do
    self.second = self.second + 1
    if self.second > 26 then self.second = 1 end
    p.letters[i] = 64 + self.second
  end
  return send(p)
end

-- Keeps packets of work in `first`, packets of its device in `second`.
local function handle(self, p)
  if p then
    if p.is_work then self.first = append(p, self.first) else self.second = append(p, self.second) end
  end
  local job = self.first
  if not job then return wait() end
  local done = job.datum
  if done > 3 then
    self.first = job.link
    return send(job)
  end
  local free = self.second
  if not free then return wait() end
  self.second = free.link
  free.datum = job.letters[done + 1]
  job.datum = done + 1
  return send(free)
end

local function transmit(self, p)
  if p then
    self.first = p
    return hold()
  end
  local ready = self.first
  if not ready then return wait() end
  self.first = nil
  return send(ready)
end

-- Runs the task once; the task that goes on.
function Task:run()
  local p
  if self:has_work() then
    p = self.queue
    self.queue = p.link
    self.waiting = false
    self.pending = self.queue ~= nil
  end
  return self:step(p)
end

local function run(turns)
  new_task(0, nil, false, idle, 1, turns)
  new_task(1000, new_packet(new_packet(nil, WORKER, true), WORKER, true), true, work, HANDLER_A, 0)
  new_task(2000, new_packet(new_packet(new_packet(nil, DEVICE_A, false), DEVICE_A, false), DEVICE_A, false), true, handle)
  new_task(3000, new_packet(new_packet(new_packet(nil, DEVICE_B, false), DEVICE_B, false), DEVICE_B, false), true, handle)
  new_task(4000, nil, true, transmit)
  new_task(5000, nil, true, transmit)
  current = tasks[DEVICE_B]
  while current do
    if current:stopped() then current = current.link else current = current:run() end
  end
  print(queued .. " " .. held)
end
run(tonumber((...)) or 500000)
