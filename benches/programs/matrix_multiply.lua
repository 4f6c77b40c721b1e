-- Nested arrays of floats in three loops.
local function matrix(n, seed)
  local rows = {}
  for i = 0, n - 1 do
    local row = {}
    for j = 0, n - 1 do row[#row + 1] = ((i * seed + j * 3) % 17) * 0.5 end
    rows[#rows + 1] = row
  end
  return rows
end

local function transpose(a, n)
  local rows = {}
  for i = 1, n do
    local row = {}
    for j = 1, n do row[#row + 1] = a[j][i] end
    rows[#rows + 1] = row
  end
  return rows
end

local function multiply(a, b, n)
  local columns = transpose(b, n)
  local rows = {}
  for i = 1, n do
    local left = a[i]
    local row = {}
    for j = 1, n do
      local right = columns[j]
      local sum = 0.0
      for k = 1, n do sum = sum + left[k] * right[k] end
      row[#row + 1] = sum
    end
    rows[#rows + 1] = row
  end
  return rows
end

local function run(n)
  local product = multiply(matrix(n, 5), matrix(n, 7), n)
  local trace = 0.0
  for i = 1, n do trace = trace + product[i][i] end
  print(string.format("%d %d", trace * 4, product[1][n] * 4))
end
run(tonumber((...)) or 350)
