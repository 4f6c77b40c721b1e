-- Recursion that updates nested arrays in variables of the file.
local pegs = { {}, {}, {} }
local tops = { 0, 0, 0 }
local moves = 0

local function move(source, target)
  local disk = pegs[source][tops[source]]
  tops[source] = tops[source] - 1
  tops[target] = tops[target] + 1
  pegs[target][tops[target]] = disk
  moves = moves + 1
end

local function transfer(n, source, target, via)
  if n == 1 then
    move(source, target)
  else
    transfer(n - 1, source, via, target)
    move(source, target)
    transfer(n - 1, via, target, source)
  end
end

local function run(n)
  for peg = 1, 3 do
    for _ = 1, n do table.insert(pegs[peg], 0) end
  end
  for i = 1, n do pegs[1][i] = n + 1 - i end
  tops[1] = n
  transfer(n, 1, 3, 2)
  print(moves .. " [" .. table.concat(tops, ", ") .. "] " .. pegs[3][1] .. " " .. pegs[3][n])
end
run(tonumber((...)) or 23)
