-- Many values from a coroutine.
local function numbers(n)
  return coroutine.wrap(function()
    local i = 0
    while i < n do
      coroutine.yield(i)
      i = i + 1
    end
  end)
end

local function total(n)
  local sum = 0
  for v in numbers(n) do sum = sum + v end
  return sum
end
print(total(tonumber((...)) or 4000000))
