-- Neighbours on a torus of nested arrays; a new grid for each generation.
local function step(grid, n)
  local next = {}
  for y = 0, n - 1 do
    local above = grid[(y + n - 1) % n + 1]
    local here = grid[y + 1]
    local below = grid[(y + 1) % n + 1]
    local row = {}
    for x = 1, n do
      local l = (x + n - 2) % n + 1
      local r = x % n + 1
      local around = above[l] + above[x] + above[r] + here[l] + here[r] + below[l] + below[x] + below[r]
      if around == 3 or around == 2 and here[x] == 1 then row[#row + 1] = 1 else row[#row + 1] = 0 end
    end
    next[#next + 1] = row
  end
  return next
end

local function run(n, generations)
  local grid = {}
  local seed = 7
  for y = 1, n do
    local row = {}
    for x = 1, n do
      seed = seed * 16807 % 2147483647
      row[x] = seed % 2
    end
    grid[y] = row
  end
  for _ = 1, generations do grid = step(grid, n) end
  local alive = 0
  for _, row in ipairs(grid) do
    for _, cell in ipairs(row) do alive = alive + cell end
  end
  print(alive)
end
run(64, tonumber((...)) or 1200)
