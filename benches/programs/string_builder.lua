-- A long text from many short pieces, each with two interpolated numbers.
local function build(n)
  local parts = {}
  for i = 0, n - 1 do
    parts[#parts + 1] = i .. ":" .. i % 7 .. ";"
  end
  return table.concat(parts)
end
local s = build(tonumber((...)) or 700000)
print(#s .. " " .. s:sub(1001, 1020))
