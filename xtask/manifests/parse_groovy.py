"""Parses files of Groovy, as a Jenkinsfile is one: where the parser is at a loss is told, and the exit code is 1."""

import pathlib
import sys

import tree_sitter
import tree_sitter_groovy


def troubles(node):
    """Where the text is not Groovy."""
    if node.is_error or node.is_missing:
        yield node
        return
    for child in node.children:
        if child.has_error or child.is_missing:
            yield from troubles(child)


def main():
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_groovy.language()))
    found = 0
    for path in sys.argv[1:]:
        for node in troubles(parser.parse(pathlib.Path(path).read_bytes()).root_node):
            row, column = node.start_point
            print("{}:{}:{}: this is not Groovy".format(path, row + 1, column + 1))
            found += 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
