-- Array reads and in-place writes: primes below a number.
local function sieve(n)
  local prime = {}
  for i = 0, n - 1 do prime[#prime + 1] = true end
  local count = 0
  local i = 2
  while i < n do
    if prime[i + 1] then
      count = count + 1
      local j = i + i
      while j < n do
        prime[j + 1] = false
        j = j + i
      end
    end
    i = i + 1
  end
  return count
end
print(sieve(tonumber((...)) or 4000000))
