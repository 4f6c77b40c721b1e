-- Deep recursion.
local function ack(m, n)
  if m == 0 then return n + 1 end
  if n == 0 then return ack(m - 1, 1) end
  return ack(m - 1, ack(m, n - 1))
end

local function run(rounds)
  local total = 0
  for _ = 1, rounds do total = total + ack(3, 6) end
  print(total)
end
run(tonumber((...)) or 200)
