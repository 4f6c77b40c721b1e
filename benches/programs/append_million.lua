-- Growing a string one character at a time, in the peer's idiom: pieces in a table, joined once.
local function build(n)
  local pieces = {}
  for i = 1, n do pieces[#pieces + 1] = "x" end
  return table.concat(pieces)
end
print(#build(1000000))
