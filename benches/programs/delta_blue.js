// A solver of one-way constraints (DeltaBlue): variables and constraints are objects that refer to each other.
const REQUIRED = 0, PREFERRED = 2, STRONG_DEFAULT = 3, NORMAL = 4, WEAKEST = 6;
let mark = 0;

class Variable {
  constructor(value) {
    this.value = value;
    this.constraints = [];
    this.determinedBy = null;
    this.mark = 0;
    this.strength = WEAKEST;
    this.stays = true;
  }

  isKnown() { return this.mark === mark || this.stays || this.determinedBy === null; }

  detach(c) {
    this.constraints = this.constraints.filter(other => other !== c);
    if (this.determinedBy === c) this.determinedBy = null;
  }

  // Adds the satisfied constraints that read the variable to a list.
  consumers(list) {
    for (const c of this.constraints) {
      if (c !== this.determinedBy && c.isSatisfied()) list.push(c);
    }
  }
}

class Constraint {
  // Makes a constraint and adds it; those of one variable have no input.
  constructor(kind, strength, input, output, scale = null, offset = null) {
    this.kind = kind;
    this.strength = strength;
    this.input = input;
    this.output = output;
    this.scale = scale;
    this.offset = offset;
    this.direction = 0;
    for (const v of [input, output, scale, offset]) {
      if (v !== null) v.constraints.push(this);
    }
    add(this);
  }

  isSatisfied() { return this.direction !== 0; }
  source() { return this.direction > 0 ? this.input : this.output; }
  target() { return this.direction > 0 ? this.output : this.input; }
  wins(v) { return v.mark !== mark && this.strength < v.strength; }

  choose() {
    const input = this.input;
    const output = this.output;
    let direction = 0;
    if (input === null || input.mark === mark) {
      if (this.wins(output)) direction = 1;
    } else if (output.mark === mark) {
      if (this.wins(input)) direction = -1;
    } else if (input.strength > output.strength) {
      if (this.strength < input.strength) direction = -1;
    } else if (this.strength < output.strength) {
      direction = 1;
    }
    this.direction = direction;
  }

  execute() {
    if (this.kind === "equal") {
      this.target().value = this.source().value;
    } else if (this.kind === "scale") {
      if (this.direction > 0) this.output.value = this.input.value * this.scale.value + this.offset.value;
      else this.input.value = Math.trunc((this.output.value - this.offset.value) / this.scale.value);
    }
  }

  recalculate() {
    const out = this.target();
    let strength = this.strength;
    let stays = this.kind !== "edit";
    if (this.input !== null) {
      const source = this.source();
      if (source.strength > strength) strength = source.strength;
      stays = source.stays;
      if (this.kind === "scale") stays = stays && this.scale.stays && this.offset.stays;
    }
    out.strength = strength;
    out.stays = stays;
    if (stays) this.execute();
  }

  inputsKnown() {
    if (this.input === null) return true;
    return this.source().isKnown() && (this.scale === null || this.scale.isKnown() && this.offset.isKnown());
  }

  // Satisfies the constraint; the one that it overrides.
  satisfy() {
    this.choose();
    if (!this.isSatisfied()) {
      if (this.strength === REQUIRED) throw new Error("could not satisfy a required constraint");
      return null;
    }
    if (this.input !== null) {
      this.source().mark = mark;
      if (this.scale !== null) {
        this.scale.mark = mark;
        this.offset.mark = mark;
      }
    }
    const out = this.target();
    const overridden = out.determinedBy;
    if (overridden !== null) overridden.direction = 0;
    out.determinedBy = this;
    const waiting = [this];
    while (waiting.length > 0) {
      const d = waiting.pop();
      const target = d.target();
      if (target.mark === mark) throw new Error("a cycle of constraints");
      d.recalculate();
      target.consumers(waiting);
    }
    out.mark = mark;
    return overridden;
  }

  destroy() {
    const out = this.target();
    const satisfied = this.isSatisfied();
    this.direction = 0;
    for (const v of [this.input, this.output, this.scale, this.offset]) {
      if (v !== null) v.detach(this);
    }
    if (!satisfied) return;
    out.determinedBy = null;
    out.strength = WEAKEST;
    out.stays = true;
    const unsatisfied = [];
    const waiting = [out];
    while (waiting.length > 0) {
      const v = waiting.pop();
      for (const other of v.constraints) {
        if (!other.isSatisfied()) {
          unsatisfied.push(other);
        } else if (other !== v.determinedBy) {
          other.recalculate();
          waiting.push(other.target());
        }
      }
    }
    for (let strength = REQUIRED; strength < WEAKEST; strength++) {
      for (const other of unsatisfied) {
        if (other.strength === strength) add(other);
      }
    }
  }
}

function add(c) {
  mark++;
  while (c !== null) c = c.satisfy();
}

// The constraints to execute, in order, after the variable of an edit constraint has changed.
function planFor(edit) {
  mark++;
  const plan = [];
  const waiting = [edit];
  while (waiting.length > 0) {
    const c = waiting.pop();
    const out = c.target();
    if (out.mark !== mark && c.inputsKnown()) {
      plan.push(c);
      out.mark = mark;
      out.consumers(waiting);
    }
  }
  return plan;
}

function change(v, value) {
  const edit = new Constraint("edit", PREFERRED, null, v);
  const plan = planFor(edit);
  for (let i = 0; i < 10; i++) {
    v.value = value;
    for (const c of plan) c.execute();
  }
  edit.destroy();
}

// A chain of equal variables: a change of the first reaches the last.
function chain(n) {
  const variables = [];
  for (let i = 0; i <= n; i++) variables.push(new Variable(0));
  for (let i = 0; i < n; i++) new Constraint("equal", REQUIRED, variables[i], variables[i + 1]);
  new Constraint("stay", STRONG_DEFAULT, null, variables[n]);
  const edit = new Constraint("edit", PREFERRED, null, variables[0]);
  const plan = planFor(edit);
  let sum = 0;
  for (let i = 0; i < 100; i++) {
    variables[0].value = i;
    for (const c of plan) c.execute();
    sum += variables[n].value;
  }
  edit.destroy();
  return sum;
}

// Pairs of variables, the second of each a multiple of the first plus an offset.
function projection(n) {
  const scale = new Variable(10);
  const offset = new Variable(1000);
  const sources = [];
  const targets = [];
  for (let i = 0; i < n; i++) {
    sources.push(new Variable(i));
    targets.push(new Variable(i));
    new Constraint("stay", NORMAL, null, sources[i]);
    new Constraint("scale", REQUIRED, sources[i], targets[i], scale, offset);
  }
  change(sources[0], 17);
  const first = targets[0].value;
  change(targets[n - 1], 1050);
  const second = sources[n - 1].value;
  change(scale, 5);
  change(offset, 2000);
  let sum = 0;
  for (const v of targets) sum += v.value;
  return [first, second, sum];
}

function run(n) {
  const reached = chain(n);
  const found = projection(n);
  console.log(`${reached} ${found[0]} ${found[1]} ${found[2]}`);
}
run(Number((typeof scriptArgs === "undefined" ? process.argv[2] : scriptArgs[1]) ?? 15000));
