# A JSON parser and printer: recursive descent over characters, nested dicts and lists, text joined from pieces.
import sys


def parse(text):
    at = 0

    def skip():
        nonlocal at
        while text[at] == " " or text[at] == "\n":
            at += 1

    def quoted():
        nonlocal at
        at += 1
        start = at
        pieces = []
        while text[at] != '"':
            if text[at] == "\\":
                pieces.append(text[start:at])
                at += 1
                if text[at] == "n":
                    pieces.append("\n")
                else:
                    pieces.append(text[at])
                start = at + 1
            at += 1
        pieces.append(text[start:at])
        at += 1
        return "".join(pieces)

    def number():
        nonlocal at
        start = at
        if text[at] == "-":
            at += 1
        while "0" <= text[at] <= "9":
            at += 1
        return int(text[start:at])

    def value():
        nonlocal at
        skip()
        c = text[at]
        if c == "{":
            obj = {}
            at += 1
            skip()
            while text[at] != "}":
                skip()
                key = quoted()
                skip()
                at += 1
                obj[key] = value()
                skip()
                if text[at] == ",":
                    at += 1
            at += 1
            return obj
        if c == "[":
            items = []
            at += 1
            skip()
            while text[at] != "]":
                items.append(value())
                skip()
                if text[at] == ",":
                    at += 1
            at += 1
            return items
        if c == '"':
            return quoted()
        if c == "t":
            at += 4
            return True
        if c == "f":
            at += 5
            return False
        if c == "n":
            at += 4
            return None
        return number()

    return value()


def quote(s):
    return '"' + s.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def write(value):
    if isinstance(value, dict):
        pieces = []
        for key in sorted(value):
            pieces.append(quote(key) + ": " + write(value[key]))
        return "{" + ", ".join(pieces) + "}"
    if isinstance(value, list):
        pieces = []
        for item in value:
            pieces.append(write(item))
        return "[" + ", ".join(pieces) + "]"
    if isinstance(value, str):
        return quote(value)
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    return str(value)


def document(n):
    items = []
    for i in range(n):
        items.append({
            "id": i, "name": f'item "{i}"\n', "tags": ["red", "green", "blue"], "live": i % 2 == 0,
            "price": {"amount": i * 37 % 1000 - 500, "unit": "cent"}, "next": None,
        })
    return {"items": items, "count": n}


def run(rounds):
    text = write(document(200))
    total = 0
    for i in range(rounds):
        value = parse(text + " ")
        total += value["items"][i % 200]["price"]["amount"]
        text = write(value)
    print(len(text), total, "true" if text == write(document(200)) else "false")


run(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
