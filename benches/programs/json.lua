-- A JSON parser and printer: recursive descent over characters, nested tables, text joined from pieces.
local null = {}

local function parse(text)
  local at = 1
  local value

  local function skip()
    while true do
      local c = text:sub(at, at)
      if c ~= " " and c ~= "\n" then return end
      at = at + 1
    end
  end

  local function quoted()
    at = at + 1
    local start = at
    local pieces = {}
    while true do
      local c = text:sub(at, at)
      if c == "\"" then break end
      if c == "\\" then
        pieces[#pieces + 1] = text:sub(start, at - 1)
        at = at + 1
        c = text:sub(at, at)
        if c == "n" then pieces[#pieces + 1] = "\n" else pieces[#pieces + 1] = c end
        start = at + 1
      end
      at = at + 1
    end
    pieces[#pieces + 1] = text:sub(start, at - 1)
    at = at + 1
    return table.concat(pieces)
  end

  local function number()
    local start = at
    if text:sub(at, at) == "-" then at = at + 1 end
    while true do
      local c = text:sub(at, at)
      if c < "0" or c > "9" then break end
      at = at + 1
    end
    return tonumber(text:sub(start, at - 1))
  end

  function value()
    skip()
    local c = text:sub(at, at)
    if c == "{" then
      local object = {}
      at = at + 1
      skip()
      while text:sub(at, at) ~= "}" do
        skip()
        local key = quoted()
        skip()
        at = at + 1
        object[key] = value()
        skip()
        if text:sub(at, at) == "," then at = at + 1 end
      end
      at = at + 1
      return object
    end
    if c == "[" then
      local items = {}
      at = at + 1
      skip()
      while text:sub(at, at) ~= "]" do
        items[#items + 1] = value()
        skip()
        if text:sub(at, at) == "," then at = at + 1 end
      end
      at = at + 1
      return items
    end
    if c == "\"" then return quoted() end
    if c == "t" then
      at = at + 4
      return true
    end
    if c == "f" then
      at = at + 5
      return false
    end
    if c == "n" then
      at = at + 4
      return null
    end
    return number()
  end

  return value()
end

local function quote(s)
  return "\"" .. s:gsub("\\", "\\\\"):gsub("\"", "\\\""):gsub("\n", "\\n") .. "\""
end

local function write(value)
  local kind = type(value)
  if value == null then return "null" end
  if kind == "table" and #value > 0 then
    local pieces = {}
    for _, item in ipairs(value) do pieces[#pieces + 1] = write(item) end
    return "[" .. table.concat(pieces, ", ") .. "]"
  end
  if kind == "table" then
    local keys = {}
    for key in pairs(value) do keys[#keys + 1] = key end
    table.sort(keys)
    local pieces = {}
    for _, key in ipairs(keys) do pieces[#pieces + 1] = quote(key) .. ": " .. write(value[key]) end
    return "{" .. table.concat(pieces, ", ") .. "}"
  end
  if kind == "string" then return quote(value) end
  return tostring(value)
end

local function document(n)
  local items = {}
  for i = 0, n - 1 do
    items[#items + 1] = {
      id = i, name = "item \"" .. i .. "\"\n", tags = { "red", "green", "blue" }, live = i % 2 == 0,
      price = { amount = i * 37 % 1000 - 500, unit = "cent" }, next = null
    }
  end
  return { items = items, count = n }
end

local function run(rounds)
  local text = write(document(200))
  local total = 0
  for i = 0, rounds - 1 do
    local value = parse(text .. " ")
    total = total + value.items[i % 200 + 1].price.amount
    text = write(value)
  end
  print(#text .. " " .. total .. " " .. tostring(text == write(document(200))))
end
run(tonumber((...)) or 100)
