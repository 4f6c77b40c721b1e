-- Growing an array one element at a time.
local function build(n)
  local t = {}
  for i = 0, n - 1 do t[#t + 1] = i end
  return t
end
local t = build(1000000)
print(#t .. " " .. t[1000000])
