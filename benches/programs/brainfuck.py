# An interpreter in a loop: dispatch on one-character strings, jumps through a list, a tape of cells.
import sys


def run(code):
    n = len(code)
    ops = []
    jump = []
    opened = []
    for i in range(n):
        ops.append(code[i])
        jump.append(0)
        if code[i] == "[":
            opened.append(i)
        if code[i] == "]":
            start = opened.pop()
            jump[i] = start
            jump[start] = i
    tape = [0] * 100
    at = 0
    pc = 0
    out = []
    steps = 0
    while pc < n:
        op = ops[pc]
        if op == ">":
            at += 1
        elif op == "<":
            at -= 1
        elif op == "+":
            tape[at] = (tape[at] + 1) % 256
        elif op == "-":
            tape[at] = (tape[at] + 255) % 256
        elif op == "[":
            if tape[at] == 0:
                pc = jump[pc]
        elif op == "]":
            if tape[at] != 0:
                pc = jump[pc]
        elif op == ".":
            out.append(tape[at])
        pc += 1
        steps += 1
    print(" ".join(map(str, out)), steps)


size = int(sys.argv[1]) if len(sys.argv) > 1 else 120
run("+" * size + "[>++++++++++[>++++++++++[>++++++++++[>++++++++++[>+++>++<<-]<-]<-]<-]<-]>>>>>.>.<[->+<]>.")
