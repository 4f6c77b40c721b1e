-- In-place updates of an array of arrays.
local function update(n)
  local g = {}
  for i = 1, 100 do
    local row = {}
    for j = 1, 100 do row[#row + 1] = 0 end
    g[#g + 1] = row
  end
  for v = 0, n - 1 do
    local j = v % 97
    g[v % 100 + 1][j + 1] = v
  end
  local total = 0
  for _, row in ipairs(g) do
    for _, v in ipairs(row) do total = total + v end
  end
  return total
end
print(update(tonumber((...)) or 30000000))
