-- Closures that share a captured variable, made often and called often.
local function counter()
  local n = 0
  local add = function(k) n = n + k end
  local get = function() return n end
  return { add, get }
end

local function run(makers, calls)
  local total = 0
  for _ = 1, makers do
    local pair = counter()
    local add = pair[1]
    local get = pair[2]
    for i = 0, calls - 1 do add(i) end
    total = total + get()
  end
  print(total)
end
run(tonumber((...)) or 400000, 50)
