-- Float arithmetic in registers: points of a grid that stay bounded for 50 steps.
local function mandelbrot(n)
  local inside = 0
  for py = 0, n - 1 do
    local ci = 2.0 * py / n - 1.0
    for px = 0, n - 1 do
      local cr = 2.0 * px / n - 1.5
      local zr = 0.0
      local zi = 0.0
      local step = 0
      local bounded = true
      while step < 50 do
        local zr2 = zr * zr
        local zi2 = zi * zi
        if zr2 + zi2 > 4.0 then
          bounded = false
          break
        end
        zi = 2.0 * zr * zi + ci
        zr = zr2 - zi2 + cr
        step = step + 1
      end
      if bounded then inside = inside + 1 end
    end
  end
  return inside
end
print(mandelbrot(tonumber((...)) or 900))
