"""Copies revision files and takes one operation out of the downgrade of each of the given ones.

usage: mutate.py SEED COUNT OUT FILE...    prints one JSON object per mutant
"""

import ast
import json
import pathlib
import random
import re
import sys


OPERATION = re.compile("add_|alter_|bulk_|create_|drop_|execute|rename_")
# Leaves a database as it is, or says how the next statement is to run.
NO_CHANGE = re.compile(r"\s*(PRAGMA|BEGIN|COMMIT|END|SET|SELECT)\b", re.IGNORECASE)


def is_operation(call):
    if not isinstance(call.func, ast.Attribute) or not OPERATION.match(call.func.attr):
        return False
    texts = [node.value for node in ast.walk(call) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return not (call.func.attr == "execute" and texts and NO_CHANGE.match(texts[0]))


def operations(function):
    """Statements that do something to a database: calls on op, a batch, a connection."""
    found = []

    def visit(body):
        for statement in body:
            nested = [getattr(statement, name, []) for name in ("body", "orelse", "finalbody")]
            if any(nested):
                for block in nested:
                    visit(block)
                continue
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
                if is_operation(statement.value):
                    found.append(statement)

    visit(function.body)
    return found


def main():
    seed, count, out = int(sys.argv[1]), int(sys.argv[2]), pathlib.Path(sys.argv[3])
    chosen = random.Random(seed)
    candidates = []
    for name in sorted(sys.argv[4:]):
        text = pathlib.Path(name).read_text()
        tree = ast.parse(text)
        revision = None
        for node in tree.body:
            if isinstance(node, (ast.Assign, ast.AnnAssign)):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                if any(getattr(target, "id", "") == "revision" for target in targets):
                    revision = ast.literal_eval(node.value)
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name == "downgrade":
                found = operations(node)
                if found and revision:
                    candidates.append((name, revision, text, found))
    chosen.shuffle(candidates)
    for name, revision, text, found in candidates[:count]:
        statement = chosen.choice(found)
        lines = text.splitlines(keepends=True)
        removed = "".join(lines[statement.lineno - 1 : statement.end_lineno])
        indent = " " * statement.col_offset
        lines[statement.lineno - 1 : statement.end_lineno] = [f"{indent}pass\n"]
        (out / pathlib.Path(name).name).write_text("".join(lines))
        print(json.dumps({"revision": revision, "file": name, "line": statement.lineno, "removed": removed.strip(), "call": statement.value.func.attr}))


main()
