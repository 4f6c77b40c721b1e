// Customers who wait at counters: events in a binary heap, counters in an array of objects, all captured by closures.
function simulation(counters) {
  const heap = [];
  const places = [];
  let size = 0;
  let seed = 42;
  for (let i = 0; i < counters; i++) places.push({ busy: false, served: 0, waited: 0, line: [], front: 0 });

  function random(n) {
    seed = seed * 16807 % 2147483647;
    return seed % n;
  }

  function add(time, leaves, counter, customer) {
    let at = size++;
    while (at > 0) {
      const above = at - 1 >> 1;
      if (heap[above].time <= time) break;
      heap[at] = heap[above];
      at = above;
    }
    heap[at] = { time, leaves, counter, customer };
  }

  function take() {
    const first = heap[0];
    const last = heap[--size];
    let at = 0;
    let child = 1;
    while (child < size) {
      if (child + 1 < size && heap[child + 1].time < heap[child].time) child++;
      if (last.time <= heap[child].time) break;
      heap[at] = heap[child];
      at = child;
      child = 2 * at + 1;
    }
    heap[at] = last;
    return first;
  }

  function shortest() {
    let best = places[0];
    for (const place of places) {
      if (place.line.length - place.front < best.line.length - best.front) best = place;
    }
    return best;
  }

  function serve(place, arrived, now) {
    place.busy = true;
    place.served += 1;
    place.waited += now - arrived;
    add(now + 20 + random(60), true, place, place.served);
  }

  function arrive(now, left) {
    const place = shortest();
    if (place.busy) place.line.push(now);
    else serve(place, now, now);
    if (left > 0) add(now + 1 + random(18), false, null, left - 1);
  }

  function leave(now, place) {
    place.busy = false;
    if (place.front < place.line.length) {
      const arrived = place.line[place.front++];
      if (place.front === place.line.length) {
        place.front = 0;
        place.line = [];
      }
      serve(place, arrived, now);
    }
  }

  return function (customers) {
    let now = 0;
    add(0, false, null, customers - 1);
    while (size > 0) {
      const event = take();
      now = event.time;
      if (event.leaves) leave(now, event.counter);
      else arrive(now, event.customer);
    }
    let served = 0;
    let waited = 0;
    for (const place of places) {
      served += place.served;
      waited += place.waited;
    }
    console.log(`${now} ${served} ${waited} ${places[0].served}`);
  };
}

simulation(6)(Number((typeof scriptArgs === "undefined" ? process.argv[2] : scriptArgs[1]) ?? 150000));
