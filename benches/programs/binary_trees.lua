-- Allocation and freeing of many small arrays: complete binary trees.
local function build(depth)
  if depth == 0 then return { nil, nil } end
  return { build(depth - 1), (build(depth - 1)) }
end

local function count(tree)
  if tree[1] == nil then return 1 end
  return 1 + count(tree[1]) + count(tree[2])
end

local function run(depth)
  local long_lived = build(depth)
  local d = 4
  while d <= depth do
    local rounds = 1
    for _ = 1, depth - d + 2 do rounds = rounds * 2 end
    local total = 0
    for _ = 1, rounds do total = total + count(build(d)) end
    print(rounds .. " " .. d .. " " .. total)
    d = d + 4
  end
  print(count(long_lived))
end
run(tonumber((...)) or 17)
