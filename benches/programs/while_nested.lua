-- Nested while loops: compare, branch, add.
local function count(n)
  local total = 0
  local i = 0
  while i < n do
    local j = 0
    while j < n do
      total = total + 1
      j = j + 1
    end
    i = i + 1
  end
  return total
end
print(count(tonumber((...)) or 8000))
