-- Growing arrays that live inside a table, by integer key.
local function group(n)
  local d = {}
  for k = 0, 99 do d[k] = {} end
  for i = 0, n - 1 do
    local list = d[i % 100]
    list[#list + 1] = i
  end
  return d
end

local function run(rounds)
  local total = 0
  for _ = 1, rounds do
    local d = group(100000)
    total = total + #d[7] + d[99][1000]
  end
  print(total)
end
run(tonumber((...)) or 200)
