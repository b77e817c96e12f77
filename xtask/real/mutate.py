"""Copies revision files and takes one operation out of the downgrade of each of the given ones.

usage: mutate.py SEED COUNT OUT FILE...    prints one JSON object per mutant
"""

import ast
import json
import pathlib
import random
import sys


def operations(function):
    """Statements that do something to a database: calls on op, a batch, a connection; innermost first."""
    found = []

    def visit(body):
        for statement in body:
            nested = [getattr(statement, name, []) for name in ("body", "orelse", "finalbody")]
            if any(nested):
                for block in nested:
                    visit(block)
                continue
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
                target = statement.value.func
                if isinstance(target, ast.Attribute):
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
        print(json.dumps({"revision": revision, "file": name, "line": statement.lineno, "removed": removed.strip()}))


main()
