-- Sorting in place by an array handed from call to call.
local function quicksort(a, low, high)
  if low >= high then return a end
  local pivot = a[low]
  local i = low
  local j = high
  while i <= j do
    while a[i] < pivot do i = i + 1 end
    while a[j] > pivot do j = j - 1 end
    if i <= j then
      local t = a[i]
      a[i] = a[j]
      a[j] = t
      i = i + 1
      j = j - 1
    end
  end
  a = quicksort(a, low, j)
  return quicksort(a, i, high)
end

local function run(n)
  local seed = 42
  local a = {}
  for _ = 1, n do
    seed = seed * 16807 % 2147483647
    a[#a + 1] = seed
  end
  a = quicksort(a, 1, n)
  local wrong = 0
  for i = 1, n - 1 do
    if a[i] > a[i + 1] then wrong = wrong + 1 end
  end
  print(wrong .. " " .. a[1] .. " " .. a[math.floor(n / 2) + 1] .. " " .. a[n])
end
run(tonumber((...)) or 1000000)
