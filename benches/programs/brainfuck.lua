-- An interpreter in a loop: dispatch on one-character strings, jumps through an array, a tape of cells.
local function run(code)
  local n = #code
  local ops = {}
  local jump = {}
  local open = {}
  for i = 1, n do
    local c = code:sub(i, i)
    ops[i] = c
    jump[i] = 0
    if c == "[" then open[#open + 1] = i end
    if c == "]" then
      local start = table.remove(open)
      jump[i] = start
      jump[start] = i
    end
  end
  local tape = {}
  for i = 1, 100 do tape[i] = 0 end
  local at = 1
  local pc = 1
  local out = {}
  local steps = 0
  while pc <= n do
    local op = ops[pc]
    if op == ">" then
      at = at + 1
    elseif op == "<" then
      at = at - 1
    elseif op == "+" then
      tape[at] = (tape[at] + 1) % 256
    elseif op == "-" then
      tape[at] = (tape[at] + 255) % 256
    elseif op == "[" then
      if tape[at] == 0 then pc = jump[pc] end
    elseif op == "]" then
      if tape[at] ~= 0 then pc = jump[pc] end
    elseif op == "." then
      out[#out + 1] = tape[at]
    end
    pc = pc + 1
    steps = steps + 1
  end
  print(table.concat(out, " ") .. " " .. steps)
end
run(("+"):rep(tonumber((...)) or 120) .. "[>++++++++++[>++++++++++[>++++++++++[>++++++++++[>+++>++<<-]<-]<-]<-]<-]>>>>>.>.<[->+<]>.")
