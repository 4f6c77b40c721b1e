-- Calls with three arguments, most of them nested.
local function tak(x, y, z)
  if y >= x then return z end
  return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y))
end

local function run(rounds)
  local total = 0
  for i = 0, rounds - 1 do total = total + tak(18, 12, 6 - i % 2) end
  print(total)
end
run(tonumber((...)) or 200)
