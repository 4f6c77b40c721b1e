// A hand-written tokenizer: characters compared and classified, tokens cut out of the text.
function isDigit(c) { return c >= "0" && c <= "9"; }
function isLetter(c) { return c >= "a" && c <= "z"; }

function tokenize(text) {
  const n = text.length;
  const tokens = [];
  let i = 0;
  while (i < n) {
    const c = text[i];
    if (c === " " || c === "\n") {
      i++;
    } else if (c === "\"") {
      const start = i + 1;
      i++;
      while (text[i] !== "\"") i++;
      tokens.push(["string", text.substring(start, i)]);
      i++;
    } else if (isDigit(c)) {
      const start = i;
      while (i < n && isDigit(text[i])) i++;
      tokens.push(["number", parseInt(text.substring(start, i), 10)]);
    } else if (isLetter(c)) {
      const start = i;
      while (i < n && isLetter(text[i])) i++;
      tokens.push(["word", text.substring(start, i)]);
    } else {
      tokens.push(["mark", c]);
      i++;
    }
  }
  return tokens;
}

function documentOf(n) {
  let s = "[";
  for (let i = 0; i < n; i++) {
    if (i > 0) s += ",\n";
    s += `{"id": ${i}, "name": "item ${i * 7}", "tags": ["red", "green"], "live": true, "next": null}`;
  }
  return s + "]";
}

function run(n) {
  const tokens = tokenize(documentOf(n));
  const counts = {};
  let total = 0;
  for (const token of tokens) {
    const kind = token[0];
    counts[kind] = (counts[kind] ?? 0) + 1;
    if (kind === "number") total += token[1]; else total += token[1].length;
  }
  console.log(`${tokens.length} ${total} ${counts.string} ${counts.number} ${counts.word} ${counts.mark}`);
}
run(Number((typeof scriptArgs === "undefined" ? process.argv[2] : scriptArgs[1]) ?? 30000));
