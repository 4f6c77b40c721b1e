-- Backtracking over arrays captured by a recursive closure.
local function solve(n)
  local columns = {}
  local rising = {}
  local falling = {}
  for i = 1, n do columns[i] = true end
  for i = 1, 2 * n do
    rising[i] = true
    falling[i] = true
  end
  local solutions = 0
  local function place(row)
    if row > n then
      solutions = solutions + 1
      return
    end
    for c = 1, n do
      if columns[c] and rising[row + c] and falling[row - c + n] then
        columns[c] = false
        rising[row + c] = false
        falling[row - c + n] = false
        place(row + 1)
        columns[c] = true
        rising[row + c] = true
        falling[row - c + n] = true
      end
    end
  end
  place(1)
  return solutions
end

local function run(rounds)
  local total = 0
  for i = 0, rounds - 1 do total = total + solve(8 + i % 3) end
  print(total)
end
run(tonumber((...)) or 100)
