-- Dispatch over a tree of tagged tables: evaluation, symbolic derivation, counting.
local function build(depth, seed)
  if depth == 0 then
    if seed % 3 == 0 then return { tag = "Var" } end
    return { tag = "Num", seed % 10 }
  end
  local next = seed * 16807 % 2147483647
  local left = build(depth - 1, next)
  local right = build(depth - 1, next * 7 % 2147483647)
  local kind = next % 4
  if kind == 0 then return { tag = "Add", left, right } end
  if kind == 1 then return { tag = "Sub", left, right } end
  if kind == 2 then return { tag = "Mul", left, right } end
  return { tag = "Neg", left }
end

local function evaluate(e, x)
  local tag = e.tag
  if tag == "Num" then return e[1] end
  if tag == "Var" then return x end
  if tag == "Add" then return (evaluate(e[1], x) + evaluate(e[2], x)) % 1000003 end
  if tag == "Sub" then return (evaluate(e[1], x) - evaluate(e[2], x) + 1000003) % 1000003 end
  if tag == "Mul" then return evaluate(e[1], x) * evaluate(e[2], x) % 1000003 end
  return (1000003 - evaluate(e[1], x)) % 1000003
end

local function derive(e)
  local tag = e.tag
  if tag == "Num" then return { tag = "Num", 0 } end
  if tag == "Var" then return { tag = "Num", 1 } end
  if tag == "Add" then return { tag = "Add", derive(e[1]), (derive(e[2])) } end
  if tag == "Sub" then return { tag = "Sub", derive(e[1]), (derive(e[2])) } end
  if tag == "Mul" then
    return { tag = "Add", { tag = "Mul", derive(e[1]), e[2] }, { tag = "Mul", e[1], (derive(e[2])) } }
  end
  return { tag = "Neg", (derive(e[1])) }
end

local function count(e)
  local tag = e.tag
  if tag == "Num" then return 1 end
  if tag == "Var" then return 1 end
  if tag == "Neg" then return 1 + count(e[1]) end
  return 1 + count(e[1]) + count(e[2])
end

local function run(rounds)
  local tree = build(11, 12345)
  local total = 0
  local nodes = 0
  for i = 0, rounds - 1 do
    local slope = derive(tree)
    nodes = nodes + count(slope)
    total = total + evaluate(tree, i % 10 + 1) + evaluate(slope, i % 10 + 1)
  end
  print(total .. " " .. nodes)
end
run(tonumber((...)) or 1000)
