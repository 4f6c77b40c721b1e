-- Eager map, filter and reduce with small closures.
local function map(a, f)
  local out = {}
  for i = 1, #a do out[i] = f(a[i]) end
  return out
end

local function filter(a, f)
  local out = {}
  for i = 1, #a do
    local x = a[i]
    if f(x) then out[#out + 1] = x end
  end
  return out
end

local function reduce(a, acc, f)
  for i = 1, #a do acc = f(acc, a[i]) end
  return acc
end

local function run(rounds, n)
  local numbers = {}
  for i = 1, n do numbers[i] = i - 1 end
  local total = 0
  for round = 0, rounds - 1 do
    local squares = map(numbers, function(x) return x * x + round end)
    local odd = filter(squares, function(x) return x % 3 == 1 end)
    total = total + reduce(odd, 0, function(sum, x) return (sum + x) % 1000003 end)
  end
  return total
end
print(run(tonumber((...)) or 150, 50000))
