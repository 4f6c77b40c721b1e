-- Growing arrays that live inside a table, by integer key.
local function group(n)
  local d = {}
  for k = 0, 99 do d[k] = {} end
  for i = 0, n - 1 do
    local k = i % 100
    local list = d[k]
    list[#list + 1] = i
  end
  return d
end
local d = group(1000000)
local size = 0
for _ in pairs(d) do size = size + 1 end
print(size .. " " .. #d[7] .. " " .. d[99][10000])
