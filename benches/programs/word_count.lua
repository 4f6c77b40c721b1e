-- Counting words of a generated text in a table.
local function text(n)
  local syllables = { "ka", "lo", "mi", "tu", "re", "so", "ni", "ve" }
  local seed = 42
  local words = {}
  for i = 1, n do
    seed = seed * 16807 % 2147483647
    words[#words + 1] = syllables[seed % 8 + 1] .. syllables[seed % 7 + 1] .. syllables[seed % 5 + 1]
  end
  return table.concat(words, " ")
end

local function count(text)
  local counts = {}
  for word in text:gmatch("%S+") do
    counts[word] = (counts[word] or 0) + 1
  end
  return counts
end

local counts = count(text(tonumber((...)) or 2000000))
local names = {}
for word in pairs(counts) do names[#names + 1] = word end
table.sort(names)
local best = ""
local most = 0
local total = 0
for _, word in ipairs(names) do
  local n = counts[word]
  total = total + n
  if n > most then
    most = n
    best = word
  end
end
print(#names .. " " .. total .. " " .. best .. " " .. most)
