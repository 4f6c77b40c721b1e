-- A protected call in a hot loop; one in ten throws.
local function check(i)
  if i % 10 == 0 then error({ message = "ten" }) end
  return i
end

local function run(n)
  local sum = 0
  local caught = 0
  for i = 0, n - 1 do
    local ok, result = pcall(check, i)
    if ok then
      sum = sum + result
    elseif result.message == "ten" then
      caught = caught + 1
    end
  end
  print(sum .. " " .. caught)
end
run(tonumber((...)) or 6000000)
