-- A hand-written tokenizer: characters compared and classified, tokens cut out of the text.
local function is_digit(c) return c >= "0" and c <= "9" end
local function is_letter(c) return c >= "a" and c <= "z" end

local function tokenize(text)
  local n = #text
  local tokens = {}
  local i = 1
  while i <= n do
    local c = text:sub(i, i)
    if c == " " or c == "\n" then
      i = i + 1
    elseif c == "\"" then
      local start = i + 1
      i = i + 1
      while text:sub(i, i) ~= "\"" do i = i + 1 end
      tokens[#tokens + 1] = { "string", text:sub(start, i - 1) }
      i = i + 1
    elseif is_digit(c) then
      local start = i
      while i <= n and is_digit(text:sub(i, i)) do i = i + 1 end
      tokens[#tokens + 1] = { "number", tonumber(text:sub(start, i - 1)) }
    elseif is_letter(c) then
      local start = i
      while i <= n and is_letter(text:sub(i, i)) do i = i + 1 end
      tokens[#tokens + 1] = { "word", text:sub(start, i - 1) }
    else
      tokens[#tokens + 1] = { "mark", c }
      i = i + 1
    end
  end
  return tokens
end

local function document(n)
  local parts = { "[" }
  for i = 0, n - 1 do
    if i > 0 then parts[#parts + 1] = ",\n" end
    parts[#parts + 1] = "{\"id\": " .. i .. ", \"name\": \"item " .. i * 7
      .. "\", \"tags\": [\"red\", \"green\"], \"live\": true, \"next\": null}"
  end
  return table.concat(parts) .. "]"
end

local function run(n)
  local tokens = tokenize(document(n))
  local counts = {}
  local total = 0
  for _, token in ipairs(tokens) do
    local kind = token[1]
    counts[kind] = (counts[kind] or 0) + 1
    if kind == "number" then total = total + token[2] else total = total + #token[2] end
  end
  print(#tokens .. " " .. total .. " " .. counts.string .. " " .. counts.number .. " " .. counts.word .. " " .. counts.mark)
end
run(tonumber((...)) or 30000)
