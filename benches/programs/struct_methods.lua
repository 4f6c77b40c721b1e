local Vec = {} Vec.__index = Vec
function Vec.len2(self) return self.x * self.x + self.y * self.y end
function Vec.scaled(self, k) return setmetatable({ x = self.x * k, y = self.y * k }, Vec) end
local function main()
  local v = setmetatable({ x = 1, y = 2 }, Vec)
  local s = 0
  for i = 0, 4999999 do s = s + v:len2() end
  print(s)
  local w = setmetatable({ x = 1.0, y = 2.0 }, Vec)
  local t = 0.0
  for i = 0, 1999999 do t = t + w:scaled(2.0):len2() end
  print(math.floor(t))
end
main()
