# A solver of one-way constraints (DeltaBlue): variables and constraints are objects that refer to each other.
import sys

REQUIRED, PREFERRED, STRONG_DEFAULT, NORMAL, WEAKEST = 0, 2, 3, 4, 6
mark = 0


class Variable:
    __slots__ = ("value", "constraints", "determined_by", "mark", "strength", "stays")

    def __init__(self, value):
        self.value = value
        self.constraints = []
        self.determined_by = None
        self.mark = 0
        self.strength = WEAKEST
        self.stays = True

    def is_known(self):
        return self.mark == mark or self.stays or self.determined_by is None

    def detach(self, c):
        self.constraints.remove(c)
        if self.determined_by is c:
            self.determined_by = None

    def consumers(self, found):
        """Adds the satisfied constraints that read the variable to a list."""
        for c in self.constraints:
            if c is not self.determined_by and c.is_satisfied():
                found.append(c)


class Constraint:
    __slots__ = ("kind", "strength", "input", "output", "scale", "offset", "direction")

    def __init__(self, kind, strength, input, output, scale=None, offset=None):
        """Makes a constraint and adds it; those of one variable have no input."""
        self.kind = kind
        self.strength = strength
        self.input = input
        self.output = output
        self.scale = scale
        self.offset = offset
        self.direction = 0
        for v in self.variables():
            v.constraints.append(self)
        add(self)

    def variables(self):
        return [v for v in (self.input, self.output, self.scale, self.offset) if v is not None]

    def is_satisfied(self):
        return self.direction != 0

    def source(self):
        return self.input if self.direction > 0 else self.output

    def target(self):
        return self.output if self.direction > 0 else self.input

    def wins(self, v):
        return v.mark != mark and self.strength < v.strength

    def choose(self):
        input = self.input
        output = self.output
        direction = 0
        if input is None or input.mark == mark:
            if self.wins(output):
                direction = 1
        elif output.mark == mark:
            if self.wins(input):
                direction = -1
        elif input.strength > output.strength:
            if self.strength < input.strength:
                direction = -1
        elif self.strength < output.strength:
            direction = 1
        self.direction = direction

    def execute(self):
        if self.kind == "equal":
            self.target().value = self.source().value
        elif self.kind == "scale":
            if self.direction > 0:
                self.output.value = self.input.value * self.scale.value + self.offset.value
            else:
                self.input.value = int((self.output.value - self.offset.value) / self.scale.value)

    def recalculate(self):
        out = self.target()
        strength = self.strength
        stays = self.kind != "edit"
        if self.input is not None:
            source = self.source()
            if source.strength > strength:
                strength = source.strength
            stays = source.stays
            if self.kind == "scale":
                stays = stays and self.scale.stays and self.offset.stays
        out.strength = strength
        out.stays = stays
        if stays:
            self.execute()

    def inputs_known(self):
        if self.input is None:
            return True
        return self.source().is_known() and (self.scale is None or self.scale.is_known() and self.offset.is_known())

    def satisfy(self):
        """Satisfies the constraint; the one that it overrides."""
        self.choose()
        if not self.is_satisfied():
            if self.strength == REQUIRED:
                raise ValueError("could not satisfy a required constraint")
            return None
        if self.input is not None:
            self.source().mark = mark
            if self.scale is not None:
                self.scale.mark = mark
                self.offset.mark = mark
        out = self.target()
        overridden = out.determined_by
        if overridden is not None:
            overridden.direction = 0
        out.determined_by = self
        waiting = [self]
        while waiting:
            d = waiting.pop()
            target = d.target()
            if target.mark == mark:
                raise ValueError("a cycle of constraints")
            d.recalculate()
            target.consumers(waiting)
        out.mark = mark
        return overridden

    def destroy(self):
        out = self.target()
        satisfied = self.is_satisfied()
        self.direction = 0
        for v in self.variables():
            v.detach(self)
        if not satisfied:
            return
        out.determined_by = None
        out.strength = WEAKEST
        out.stays = True
        unsatisfied = []
        waiting = [out]
        while waiting:
            v = waiting.pop()
            for other in v.constraints:
                if not other.is_satisfied():
                    unsatisfied.append(other)
                elif other is not v.determined_by:
                    other.recalculate()
                    waiting.append(other.target())
        for strength in range(REQUIRED, WEAKEST):
            for other in unsatisfied:
                if other.strength == strength:
                    add(other)


def add(c):
    global mark
    mark += 1
    while c is not None:
        c = c.satisfy()


def plan_for(edit):
    """The constraints to execute, in order, after the variable of an edit constraint has changed."""
    global mark
    mark += 1
    plan = []
    waiting = [edit]
    while waiting:
        c = waiting.pop()
        out = c.target()
        if out.mark != mark and c.inputs_known():
            plan.append(c)
            out.mark = mark
            out.consumers(waiting)
    return plan


def change(v, value):
    edit = Constraint("edit", PREFERRED, None, v)
    plan = plan_for(edit)
    for _ in range(10):
        v.value = value
        for c in plan:
            c.execute()
    edit.destroy()


def chain(n):
    """A chain of equal variables: a change of the first reaches the last."""
    variables = [Variable(0) for _ in range(n + 1)]
    for i in range(n):
        Constraint("equal", REQUIRED, variables[i], variables[i + 1])
    Constraint("stay", STRONG_DEFAULT, None, variables[n])
    edit = Constraint("edit", PREFERRED, None, variables[0])
    plan = plan_for(edit)
    total = 0
    for i in range(100):
        variables[0].value = i
        for c in plan:
            c.execute()
        total += variables[n].value
    edit.destroy()
    return total


def projection(n):
    """Pairs of variables, the second of each a multiple of the first plus an offset."""
    scale = Variable(10)
    offset = Variable(1000)
    sources = []
    targets = []
    for i in range(n):
        sources.append(Variable(i))
        targets.append(Variable(i))
        Constraint("stay", NORMAL, None, sources[i])
        Constraint("scale", REQUIRED, sources[i], targets[i], scale, offset)
    change(sources[0], 17)
    first = targets[0].value
    change(targets[n - 1], 1050)
    second = sources[n - 1].value
    change(scale, 5)
    change(offset, 2000)
    return first, second, sum(v.value for v in targets)


def run(n):
    print(chain(n), *projection(n))


run(int(sys.argv[1]) if len(sys.argv) > 1 else 15000)
