-- Customers who wait at counters: events in a binary heap, counters in an array of tables, all captured by closures.
local function simulation(counters)
  local heap = {}
  local size = 0
  local places = {}
  local seed = 42
  for i = 1, counters do places[i] = { busy = false, served = 0, waited = 0, line = {}, front = 1 } end

  local function random(n)
    seed = seed * 16807 % 2147483647
    return seed % n
  end

  local function add(time, leaves, counter, customer)
    size = size + 1
    local at = size
    while at > 1 do
      local above = (at - at % 2) / 2
      if heap[above].time <= time then break end
      heap[at] = heap[above]
      at = above
    end
    heap[at] = { time = time, leaves = leaves, counter = counter, customer = customer }
  end

  local function take()
    local first = heap[1]
    local last = heap[size]
    size = size - 1
    local at, child = 1, 2
    while child <= size do
      if child < size and heap[child + 1].time < heap[child].time then child = child + 1 end
      if last.time <= heap[child].time then break end
      heap[at] = heap[child]
      at = child
      child = 2 * at
    end
    heap[at] = last
    return first
  end

  local function shortest()
    local best = 1
    for i = 1, counters do
      if #places[i].line - places[i].front < #places[best].line - places[best].front then best = i end
    end
    return best
  end

  local function serve(c, arrived, now)
    local place = places[c]
    place.busy = true
    place.served = place.served + 1
    place.waited = place.waited + now - arrived
    add(now + 20 + random(60), true, c, place.served)
  end

  local function arrive(now, left)
    local c = shortest()
    if places[c].busy then table.insert(places[c].line, now) else serve(c, now, now) end
    if left > 0 then add(now + 1 + random(18), false, 0, left - 1) end
  end

  local function leave(now, c)
    local place = places[c]
    place.busy = false
    if place.front <= #place.line then
      local arrived = place.line[place.front]
      place.front = place.front + 1
      if place.front > #place.line then
        place.front = 1
        place.line = {}
      end
      serve(c, arrived, now)
    end
  end

  return function(customers)
    local now = 0
    add(0, false, 0, customers - 1)
    while size > 0 do
      local event = take()
      now = event.time
      if event.leaves then leave(now, event.counter) else arrive(now, event.customer) end
    end
    local served, waited = 0, 0
    for _, place in ipairs(places) do
      served = served + place.served
      waited = waited + place.waited
    end
    print(now .. " " .. served .. " " .. waited .. " " .. places[1].served)
  end
end

simulation(6)(tonumber((...)) or 150000)
