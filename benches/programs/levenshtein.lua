-- Edit distance: characters of strings and two rows of ints.
local function smaller(a, b)
  if a < b then return a end
  return b
end

local function distance(a, b)
  local n = #b
  local previous = {}
  for j = 0, n do previous[j + 1] = j end
  for i = 1, #a do
    local c = a:byte(i)
    local row = { i }
    for j = 1, n do
      local cost = 1
      if c == b:byte(j) then cost = 0 end
      row[j + 1] = smaller(smaller(previous[j + 1], row[j]) + 1, previous[j] + cost)
    end
    previous = row
  end
  return previous[n + 1]
end

local function text(n, seed)
  local letters = "abcdefgh"
  local parts = {}
  local x = seed
  for i = 1, n do
    x = x * 16807 % 2147483647
    local at = x % 8 + 1
    parts[i] = letters:sub(at, at)
  end
  return table.concat(parts)
end
local n = tonumber((...)) or 2400
print(distance(text(n, 1), text(n, 2)))
