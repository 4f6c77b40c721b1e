// An interpreter in a loop: dispatch on one-character strings, jumps through an array, a tape of cells.
function run(code) {
  const n = code.length;
  const ops = [];
  const jump = [];
  const open = [];
  for (let i = 0; i < n; i++) {
    ops.push(code[i]);
    jump.push(0);
    if (code[i] === "[") open.push(i);
    if (code[i] === "]") {
      const start = open.pop();
      jump[i] = start;
      jump[start] = i;
    }
  }
  const tape = [];
  for (let i = 0; i < 100; i++) tape.push(0);
  let at = 0;
  let pc = 0;
  const out = [];
  let steps = 0;
  while (pc < n) {
    switch (ops[pc]) {
      case ">": at++; break;
      case "<": at--; break;
      case "+": tape[at] = (tape[at] + 1) % 256; break;
      case "-": tape[at] = (tape[at] + 255) % 256; break;
      case "[": if (tape[at] === 0) pc = jump[pc]; break;
      case "]": if (tape[at] !== 0) pc = jump[pc]; break;
      case ".": out.push(tape[at]); break;
    }
    pc++;
    steps++;
  }
  console.log(`${out.join(" ")} ${steps}`);
}
run("+".repeat(Number((typeof scriptArgs === "undefined" ? process.argv[2] : scriptArgs[1]) ?? 120)) + "[>++++++++++[>++++++++++[>++++++++++[>++++++++++[>+++>++<<-]<-]<-]<-]<-]>>>>>.>.<[->+<]>.");
