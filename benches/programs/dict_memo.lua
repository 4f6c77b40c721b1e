-- A table with int keys as the memory of a recursive function: binomial coefficients modulo a prime.
local memo = {}

local function binomial(n, k)
  if k == 0 or k == n then return 1 end
  local key = n * 10000 + k
  local known = memo[key]
  if known then return known end
  local result = (binomial(n - 1, k - 1) + binomial(n - 1, k)) % 1000003
  memo[key] = result
  return result
end
local n = tonumber((...)) or 2800
local result = binomial(n, math.floor(n / 2))
local size = 0
for _ in pairs(memo) do size = size + 1 end
print(result .. " " .. size)
