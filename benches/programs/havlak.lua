-- Loops of a control-flow graph (Havlak): blocks, nodes of the search tree and loops are tables that refer to each other.
local blocks, nodes, loops = {}, {}, {}

local function block(at)
  while #blocks < at do blocks[#blocks + 1] = { ins = {}, outs = {} } end
  return blocks[at]
end

local function connect(from, to)
  local source, target = block(from), block(to)
  table.insert(source.outs, target)
  table.insert(target.ins, source)
end

local function diamond(start)
  connect(start, start + 1)
  connect(start, start + 2)
  connect(start + 1, start + 3)
  connect(start + 2, start + 3)
  return start + 3
end

local function straight(start, n)
  for i = 0, n - 1 do connect(start + i, start + i + 1) end
  return start + n
end

-- A loop around two others.
local function base_loop(from)
  local header = straight(from, 1)
  local first = diamond(header)
  local inner = straight(first, 1)
  local second = diamond(inner)
  local footer = straight(second, 1)
  connect(second, inner)
  connect(first, header)
  connect(footer, from)
  return straight(footer, 1)
end

local function graph(trees)
  connect(1, 2)
  connect(2, 3)
  local last = 3
  for _ = 1, trees do
    connect(3, last + 1)
    last = last + 1
    for _ = 1, 4 do
      local top = last
      last = straight(last, 1)
      for _ = 1, 4 do last = base_loop(last) end
      local bottom = straight(last, 1)
      connect(last, top)
      last = bottom
    end
    connect(last, 2)
  end
end

-- Numbers the blocks below one in the order of a depth-first search; the last number given.
local function search(from, number)
  local node = { number = number, block = from, last = number, kind = "none", back = {}, others = {} }
  node.parent = node
  from.node = node
  nodes[number] = node
  local last = number
  for _, target in ipairs(from.outs) do
    if not target.node then last = search(target, last + 1) end
  end
  node.last = last
  return last
end

local function is_ancestor(w, v) return w.number <= v.number and v.number <= w.last end

-- The representative of a node, with the path to it shortened.
local function find(v)
  local root = v
  while root.parent ~= root do root = root.parent end
  while v.parent ~= root do
    v.parent, v = root, v.parent
  end
  return root
end

local function classify_edges()
  for _, w in ipairs(nodes) do
    for _, source in ipairs(w.block.ins) do
      local v = source.node
      if v then table.insert(is_ancestor(w, v) and w.back or w.others, v) end
    end
  end
end

local function find_loop(w)
  local body = {}
  for _, v in ipairs(w.back) do
    if v == w then
      w.kind = "self"
    else
      local z = find(v)
      z.body_of = w
      table.insert(body, z)
    end
  end
  if #body > 0 then w.kind = "reducible" end
  local at = 1
  while at <= #body do
    local x = body[at]
    for i = 1, #x.others do
      local z = find(x.others[i])
      if not is_ancestor(w, z) then
        w.kind = "irreducible"
        table.insert(w.others, z)
      elseif z ~= w and z.body_of ~= w then
        z.body_of = w
        table.insert(body, z)
      end
    end
    at = at + 1
  end
  if #body == 0 and w.kind ~= "self" then return end
  local loop = { header = w, members = {}, children = {}, depth = 0, height = 0 }
  table.insert(loops, loop)
  w.loop = loop
  for _, v in ipairs(body) do
    v.header = w
    v.parent = w
    if v.loop then
      v.loop.parent = loop
      table.insert(loop.children, v.loop)
    else
      table.insert(loop.members, v)
    end
  end
end

local function set_depth(loop, depth)
  loop.depth = depth
  local height = 0
  for _, child in ipairs(loop.children) do
    set_depth(child, depth + 1)
    if child.height >= height then height = child.height + 1 end
  end
  loop.height = height
end

local function run(trees)
  graph(trees)
  search(blocks[1], 1)
  classify_edges()
  for i = #nodes, 1, -1 do find_loop(nodes[i]) end
  for _, loop in ipairs(loops) do
    if not loop.parent then set_depth(loop, 1) end
  end
  local members, depths, heights = 0, 0, 0
  for _, loop in ipairs(loops) do
    members = members + #loop.members
    depths = depths + loop.depth
    heights = heights + loop.height
  end
  print(#blocks .. " " .. #loops .. " " .. members .. " " .. depths .. " " .. heights)
end
run(tonumber((...)) or 600)
