-- Permutations and prefix reversals on small int arrays (fannkuch).
local function fannkuch(n)
  local p, q, s = {}, {}, {}
  for i = 1, n do p[i], q[i], s[i] = i, i, i end
  local sign = 1
  local most = 0
  local sum = 0
  while true do
    local first = p[1]
    if first ~= 1 then
      for i = 1, n do q[i] = p[i] end
      local flips = 1
      while true do
        local next = q[first]
        if next == 1 then
          sum = sum + sign * flips
          if flips > most then most = flips end
          break
        end
        q[first] = first
        if first >= 4 then
          local i = 2
          local j = first - 1
          while i < j do
            local t = q[i]
            q[i] = q[j]
            q[j] = t
            i = i + 1
            j = j - 1
          end
        end
        first = next
        flips = flips + 1
      end
    end
    if sign == 1 then
      local t = p[1]
      p[1] = p[2]
      p[2] = t
      sign = -1
    else
      local t = p[2]
      p[2] = p[3]
      p[3] = t
      sign = 1
      local i = 3
      while i <= n do
        local left = s[i]
        if left ~= 1 then
          s[i] = left - 1
          break
        end
        if i == n then return { sum, most } end
        s[i] = i
        local head = p[1]
        for j = 1, i do p[j] = p[j + 1] end
        p[i + 1] = head
        i = i + 1
      end
    end
  end
end

local function run(rounds)
  local sum = 0
  local most = 0
  for i = 0, rounds - 1 do
    local result = fannkuch(7 + i % 3)
    sum = sum + result[1]
    most = result[2]
  end
  print(sum .. " " .. most)
end
run(tonumber((...)) or 12)
