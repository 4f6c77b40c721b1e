// A JSON parser and printer: recursive descent over characters, nested objects and arrays, text joined from pieces.
function parse(text) {
  let at = 0;

  function skip() {
    while (text[at] === " " || text[at] === "\n") at++;
  }

  function quoted() {
    at++;
    let start = at;
    const pieces = [];
    while (text[at] !== "\"") {
      if (text[at] === "\\") {
        pieces.push(text.substring(start, at));
        at++;
        if (text[at] === "n") pieces.push("\n"); else pieces.push(text[at]);
        start = at + 1;
      }
      at++;
    }
    pieces.push(text.substring(start, at));
    at++;
    return pieces.join("");
  }

  function number() {
    const start = at;
    if (text[at] === "-") at++;
    while (text[at] >= "0" && text[at] <= "9") at++;
    return parseInt(text.substring(start, at), 10);
  }

  function value() {
    skip();
    const c = text[at];
    if (c === "{") {
      const object = {};
      at++;
      skip();
      while (text[at] !== "}") {
        skip();
        const key = quoted();
        skip();
        at++;
        object[key] = value();
        skip();
        if (text[at] === ",") at++;
      }
      at++;
      return object;
    }
    if (c === "[") {
      const items = [];
      at++;
      skip();
      while (text[at] !== "]") {
        items.push(value());
        skip();
        if (text[at] === ",") at++;
      }
      at++;
      return items;
    }
    if (c === "\"") return quoted();
    if (c === "t") {
      at += 4;
      return true;
    }
    if (c === "f") {
      at += 5;
      return false;
    }
    if (c === "n") {
      at += 4;
      return null;
    }
    return number();
  }

  return value();
}

function quote(s) {
  return "\"" + s.replaceAll("\\", "\\\\").replaceAll("\"", "\\\"").replaceAll("\n", "\\n") + "\"";
}

function write(value) {
  if (Array.isArray(value)) {
    const pieces = [];
    for (const item of value) pieces.push(write(item));
    return "[" + pieces.join(", ") + "]";
  }
  if (value !== null && typeof value === "object") {
    const pieces = [];
    for (const key of Object.keys(value).sort()) pieces.push(quote(key) + ": " + write(value[key]));
    return "{" + pieces.join(", ") + "}";
  }
  if (typeof value === "string") return quote(value);
  return String(value);
}

function documentOf(n) {
  const items = [];
  for (let i = 0; i < n; i++) {
    items.push({
      id: i, name: `item "${i}"\n`, tags: ["red", "green", "blue"], live: i % 2 === 0,
      price: { amount: i * 37 % 1000 - 500, unit: "cent" }, next: null
    });
  }
  return { items, count: n };
}

function run(rounds) {
  let text = write(documentOf(200));
  let total = 0;
  for (let i = 0; i < rounds; i++) {
    const value = parse(text + " ");
    total += value.items[i % 200].price.amount;
    text = write(value);
  }
  console.log(`${text.length} ${total} ${text === write(documentOf(200))}`);
}
run(Number((typeof scriptArgs === "undefined" ? process.argv[2] : scriptArgs[1]) ?? 100));
