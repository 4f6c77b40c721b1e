-- All permutations of a list, built recursively from slices.
local function permutations(items)
  if #items <= 1 then return { items } end
  local found = {}
  for i = 1, #items do
    local rest = {}
    for k = 1, i - 1 do rest[k] = items[k] end
    for k = i + 1, #items do rest[k - 1] = items[k] end
    for _, tail in ipairs(permutations(rest)) do
      local whole = { items[i] }
      for k = 1, #tail do whole[k + 1] = tail[k] end
      found[#found + 1] = whole
    end
  end
  return found
end

local function run(rounds)
  local total = 0
  for round = 1, rounds do
    local found = permutations({ 0, 1, 2, 3, 4, 5, 6 })
    for i = 1, #found do total = total + found[i][(i - 1) % 7 + 1] * round end
  end
  print(total)
end
run(tonumber((...)) or 40)
