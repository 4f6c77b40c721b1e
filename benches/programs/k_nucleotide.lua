-- Counting substrings of a generated strand in a table.
local function strand(n)
  local letters = "ACGT"
  local seed = 42
  local parts = {}
  for i = 1, n do
    seed = seed * 3877 + 29573
    seed = seed % 139968
    local at = math.floor(seed * 4 / 139968) + 1
    parts[i] = letters:sub(at, at)
  end
  return table.concat(parts)
end

local function frequencies(s, k)
  local counts = {}
  for i = 1, #s - k + 1 do
    local part = s:sub(i, i + k - 1)
    counts[part] = (counts[part] or 0) + 1
  end
  return counts
end

local function run(n)
  local s = strand(n)
  for k = 1, 2 do
    local counts = frequencies(s, k)
    local names = {}
    for part in pairs(counts) do names[#names + 1] = part end
    table.sort(names)
    for _, part in ipairs(names) do print(part .. " " .. counts[part]) end
  end
  for _, part in ipairs({ "GGT", "GGTA", "GGTATT", "GGTATTTTAATT" }) do
    print((frequencies(s, #part)[part] or 0) .. " " .. part)
  end
end
run(tonumber((...)) or 500000)
