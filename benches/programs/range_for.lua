-- Nested counting loops.
local function count(n)
  local total = 0
  for i = 0, n - 1 do
    for j = 0, n - 1 do total = total + j end
  end
  return total
end
print(count(tonumber((...)) or 12000))
