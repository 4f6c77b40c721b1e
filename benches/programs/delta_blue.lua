-- A solver of one-way constraints (DeltaBlue): variables and constraints are tables that refer to each other.
local REQUIRED, PREFERRED, STRONG_DEFAULT, NORMAL, WEAKEST = 0, 2, 3, 4, 6
local mark = 0
local add

local function new_variable(value)
  return { value = value, constraints = {}, determined_by = nil, mark = 0, strength = WEAKEST, stays = true }
end

local Constraint = {}
Constraint.__index = Constraint

local function attach(v, c)
  if v then table.insert(v.constraints, c) end
end

-- Makes a constraint and adds it; those of one variable have no input.
local function new_constraint(kind, strength, input, output, scale, offset)
  local c = setmetatable({
    kind = kind, strength = strength, input = input, output = output, scale = scale, offset = offset, direction = 0,
  }, Constraint)
  attach(input, c)
  attach(output, c)
  attach(scale, c)
  attach(offset, c)
  add(c)
  return c
end

function Constraint:is_satisfied() return self.direction ~= 0 end

function Constraint:source()
  if self.direction > 0 then return self.input end
  return self.output
end

function Constraint:target()
  if self.direction > 0 then return self.output end
  return self.input
end

function Constraint:wins(v) return v.mark ~= mark and self.strength < v.strength end

function Constraint:choose()
  local input, output = self.input, self.output
  local direction = 0
  if not input or input.mark == mark then
    if self:wins(output) then direction = 1 end
  elseif output.mark == mark then
    if self:wins(input) then direction = -1 end
  elseif input.strength > output.strength then
    if self.strength < input.strength then direction = -1 end
  else
    if self.strength < output.strength then direction = 1 end
  end
  self.direction = direction
end

function Constraint:execute()
  if self.kind == "equal" then
    self:target().value = self:source().value
  elseif self.kind == "scale" then
    local scale, offset = self.scale.value, self.offset.value
    if self.direction > 0 then
      self.output.value = self.input.value * scale + offset
    else
      local value = (self.output.value - offset) / scale
      self.input.value = value < 0 and math.ceil(value) or math.floor(value)
    end
  end
end

function Constraint:recalculate()
  local out = self:target()
  local strength = self.strength
  local stays = self.kind ~= "edit"
  if self.input then
    local source = self:source()
    if source.strength > strength then strength = source.strength end
    stays = source.stays
    if self.kind == "scale" then stays = stays and self.scale.stays and self.offset.stays end
  end
  out.strength = strength
  out.stays = stays
  if stays then self:execute() end
end

local function is_known(v) return not v or v.mark == mark or v.stays or not v.determined_by end

function Constraint:inputs_known()
  if not self.input then return true end
  return is_known(self:source()) and is_known(self.scale) and is_known(self.offset)
end

-- The satisfied constraints that read a variable.
local function consumers(v, list)
  for _, c in ipairs(v.constraints) do
    if c ~= v.determined_by and c:is_satisfied() then table.insert(list, c) end
  end
end

-- Satisfies a constraint; the one that it overrides.
function Constraint:satisfy()
  self:choose()
  if not self:is_satisfied() then
    if self.strength == REQUIRED then error("could not satisfy a required constraint") end
    return nil
  end
  if self.input then
    self:source().mark = mark
    if self.scale then
      self.scale.mark = mark
      self.offset.mark = mark
    end
  end
  local out = self:target()
  local overridden = out.determined_by
  if overridden then overridden.direction = 0 end
  out.determined_by = self
  local waiting = { self }
  while #waiting > 0 do
    local d = table.remove(waiting)
    local target = d:target()
    if target.mark == mark then error("a cycle of constraints") end
    d:recalculate()
    consumers(target, waiting)
  end
  out.mark = mark
  return overridden
end

function add(c)
  mark = mark + 1
  while c do c = c:satisfy() end
end

local function detach(v, c)
  if not v then return end
  local rest = {}
  for _, other in ipairs(v.constraints) do
    if other ~= c then table.insert(rest, other) end
  end
  v.constraints = rest
  if v.determined_by == c then v.determined_by = nil end
end

function Constraint:destroy()
  local out = self:target()
  local satisfied = self:is_satisfied()
  self.direction = 0
  detach(self.input, self)
  detach(self.output, self)
  detach(self.scale, self)
  detach(self.offset, self)
  if not satisfied then return end
  out.determined_by = nil
  out.strength = WEAKEST
  out.stays = true
  local unsatisfied = {}
  local waiting = { out }
  while #waiting > 0 do
    local v = table.remove(waiting)
    for _, other in ipairs(v.constraints) do
      if not other:is_satisfied() then
        table.insert(unsatisfied, other)
      elseif other ~= v.determined_by then
        other:recalculate()
        table.insert(waiting, other:target())
      end
    end
  end
  for strength = REQUIRED, WEAKEST - 1 do
    for _, other in ipairs(unsatisfied) do
      if other.strength == strength then add(other) end
    end
  end
end

-- The constraints to execute, in order, after the variable of an edit constraint has changed.
local function plan_for(edit)
  mark = mark + 1
  local plan = {}
  local waiting = { edit }
  while #waiting > 0 do
    local c = table.remove(waiting)
    local out = c:target()
    if out.mark ~= mark and c:inputs_known() then
      table.insert(plan, c)
      out.mark = mark
      consumers(out, waiting)
    end
  end
  return plan
end

local function execute(plan)
  for _, c in ipairs(plan) do c:execute() end
end

local function change(v, value)
  local edit = new_constraint("edit", PREFERRED, nil, v)
  local plan = plan_for(edit)
  for _ = 1, 10 do
    v.value = value
    execute(plan)
  end
  edit:destroy()
end

-- A chain of equal variables: a change of the first reaches the last.
local function chain(n)
  local variables = {}
  for i = 0, n do variables[i] = new_variable(0) end
  for i = 0, n - 1 do new_constraint("equal", REQUIRED, variables[i], variables[i + 1]) end
  new_constraint("stay", STRONG_DEFAULT, nil, variables[n])
  local edit = new_constraint("edit", PREFERRED, nil, variables[0])
  local plan = plan_for(edit)
  local sum = 0
  for i = 0, 99 do
    variables[0].value = i
    execute(plan)
    sum = sum + variables[n].value
  end
  edit:destroy()
  return sum
end

-- Pairs of variables, the second of each a multiple of the first plus an offset.
local function projection(n)
  local scale, offset = new_variable(10), new_variable(1000)
  local sources, targets = {}, {}
  for i = 1, n do
    sources[i] = new_variable(i - 1)
    targets[i] = new_variable(i - 1)
    new_constraint("stay", NORMAL, nil, sources[i])
    new_constraint("scale", REQUIRED, sources[i], targets[i], scale, offset)
  end
  change(sources[1], 17)
  local first = targets[1].value
  change(targets[n], 1050)
  local second = sources[n].value
  change(scale, 5)
  change(offset, 2000)
  local sum = 0
  for i = 1, n do sum = sum + targets[i].value end
  return first, second, sum
end

local function run(n)
  local reached = chain(n)
  local first, second, sum = projection(n)
  print(reached .. " " .. first .. " " .. second .. " " .. sum)
end
run(tonumber((...)) or 15000)
