// Counting words of a generated text in a map.
function text(n) {
  const syllables = ["ka", "lo", "mi", "tu", "re", "so", "ni", "ve"];
  let seed = 42;
  const words = [];
  for (let i = 0; i < n; i++) {
    seed = seed * 16807 % 2147483647;
    words.push(syllables[seed % 8] + syllables[seed % 7] + syllables[seed % 5]);
  }
  return words.join(" ");
}

function count(text) {
  const counts = new Map();
  for (const word of text.split(" ")) {
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}

const counts = count(text(Number((typeof scriptArgs === "undefined" ? process.argv[2] : scriptArgs[1]) ?? 2000000)));
let best = "";
let most = 0;
let total = 0;
for (const word of [...counts.keys()].sort()) {
  const n = counts.get(word);
  total += n;
  if (n > most) {
    most = n;
    best = word;
  }
}
console.log(`${counts.size} ${total} ${best} ${most}`);
