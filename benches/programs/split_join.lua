-- A table as text: split into lines and cells, cells changed, joined again.
local function split(text, separator)
  local parts = {}
  local start = 1
  while true do
    local at = text:find(separator, start, true)
    if not at then break end
    parts[#parts + 1] = text:sub(start, at - 1)
    start = at + 1
  end
  parts[#parts + 1] = text:sub(start)
  return parts
end

local function rows_of(rows)
  local lines = {}
  for i = 0, rows - 1 do
    lines[#lines + 1] = i .. ",name" .. i % 91 .. "," .. i * 7 % 1000 .. ",north-" .. i % 13 .. ",end"
  end
  return table.concat(lines, "\n")
end

local function transform(text)
  local out = {}
  local total = 0
  for _, line in ipairs(split(text, "\n")) do
    local cells = split(line, ",")
    local amount = tonumber(cells[3])
    total = total + amount
    cells[2] = cells[2]:upper()
    cells[3] = tostring(amount * 2)
    cells[4] = table.concat(split(cells[4], "-"), "/")
    out[#out + 1] = table.concat(cells, ";")
  end
  return table.concat(out, "\n"), total
end

local function run(rounds)
  local sizes = 0
  local sum = 0
  local text = rows_of(5000)
  for _ = 1, rounds do
    local changed, total = transform(text)
    sizes = sizes + #changed
    sum = sum + total
  end
  print(sizes .. " " .. sum)
end
run(tonumber((...)) or 40)
