-- Linked lists of tables, with a list of free ones: sorted insertion, reversal, removal, merging.
local free
local made = 0

local function make(value, next)
  local node = free
  if not node then
    made = made + 1
    return { value = value, next = next }
  end
  free = node.next
  node.value = value
  node.next = next
  return node
end

local function release(node)
  node.next = free
  free = node
end

local function insert(head, value)
  if not head or head.value >= value then return make(value, head) end
  local at = head
  while at.next and at.next.value < value do at = at.next end
  at.next = make(value, at.next)
  return head
end

local function reverse(head)
  local done
  while head do
    local next = head.next
    head.next = done
    done = head
    head = next
  end
  return done
end

local function remove_multiples(head, k)
  while head and head.value % k == 0 do
    local next = head.next
    release(head)
    head = next
  end
  local at = head
  while at do
    local next = at.next
    if next and next.value % k == 0 then
      at.next = next.next
      release(next)
    else
      at = next
    end
  end
  return head
end

-- Merges two falling lists.
local function merge(a, b)
  if not a then return b end
  if not b then return a end
  if a.value >= b.value then
    a.next = merge(a.next, b)
    return a
  end
  b.next = merge(a, b.next)
  return b
end

local function total(head)
  local sum, place = 0, 1
  while head do
    sum = sum + head.value * place
    head.value = head.value + 1
    place = place + 1
    head = head.next
  end
  return sum
end

local function release_all(head)
  while head do
    local next = head.next
    release(head)
    head = next
  end
end

local function run(rounds)
  local seed = 42
  local sum = 0
  for _ = 1, rounds do
    local a, b
    for _ = 1, 40 do
      seed = seed * 16807 % 2147483647
      a = insert(a, seed % 1000)
      b = insert(b, math.floor(seed / 1000) % 1000)
    end
    local merged = remove_multiples(merge(reverse(a), reverse(b)), 3)
    sum = (sum + total(merged) + total(merged)) % 1000003
    release_all(merged)
  end
  print(sum .. " " .. made)
end
run(tonumber((...)) or 10000)
