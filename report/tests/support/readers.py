"""Reads a report on standard input as a program of others would, and prints what it found.

Ends with 1 and says why when the report is wrong, with 3 when a package is missing.
"""

import contextlib
import io
import json
import pathlib
import re
import sys
import tempfile
import urllib.parse

import browser

# What GitLab's documentation asks of each entry; GitLab publishes its own schema in no package.
GITLAB = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": r"^(?!\./)"},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    },
}


def sarif(text):
    import sarif_kit.validate

    log = json.loads(text)
    errors = sarif_kit.validate.validation_errors(log)
    if errors:
        sys.exit("\n".join(errors))
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"], result
        place = result["locations"][0]["physicalLocation"]
        base = place["artifactLocation"].get("uriBaseId")
        root = "file:///checkout/" if base == "%SRCROOT%" else ""
        uri = urllib.parse.urlsplit(urllib.parse.urljoin(root, place["artifactLocation"]["uri"]))
        assert (uri.scheme, uri.netloc, uri.query, uri.fragment) == ("file", "", "", ""), uri
        file = urllib.parse.unquote(uri.path).removeprefix("/checkout/")
        print(result["level"], result["ruleId"], f"{file}:{place['region']['startLine']}", result["message"]["text"])


def gitlab(text):
    import jsonschema

    report = json.loads(text)
    jsonschema.validate(report, GITLAB)
    prints = [issue["fingerprint"] for issue in report]
    assert len(set(prints)) == len(prints), "GitLab shows one entry for each fingerprint"
    for issue in report:
        print(issue["severity"], f"{issue['location']['path']}:{issue['location']['lines']['begin']}")


def github(text):
    """Takes each line apart as GitHub's runner does, and has another program print what came of it."""
    import github_action_utils

    for line in text.removesuffix("\n").split("\n"):
        _, head, message = line.split("::", 2)
        kind, properties = head.split(" ", 1)
        properties = dict(pair.split("=", 1) for pair in properties.split(","))

        def plain(value, escapes):
            for escape, char in escapes:
                value = value.replace(escape, char)
            return value

        data = [("%0D", "\r"), ("%0A", "\n"), ("%25", "%")]
        plains = {name: plain(value, [("%3A", ":"), ("%2C", ","), *data]) for name, value in properties.items()}
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            getattr(github_action_utils, kind)(plain(message, data), **plains)
        _, its_head, its_message = printed.getvalue().removesuffix("\n").split("::", 2)
        its_kind, its_properties = its_head.split(" ", 1)
        its_properties = dict(pair.split("=", 1) for pair in its_properties.split(","))
        ours, its = (kind, properties, message), (its_kind, its_properties, its_message)
        assert ours == its, f"{ours}\n{its}"
        print(kind)


def junit(text):
    import junitparser

    with tempfile.NamedTemporaryFile() as file:
        file.write(text.encode())
        file.flush()
        report = junitparser.JUnitXml.fromfile(file.name)
    for suite in report:
        for case in suite:
            for result in case.result:
                print(suite.name, case.name, "failed", result.type, result.message)
            if not case.result:
                print(suite.name, case.name, "passed")


def junit_schema(text):
    """Holds it against the schema by which Jenkins' xUnit plugin takes or refuses files; `cargo xtask test` gets it."""
    from lxml import etree

    file = pathlib.Path(sys.prefix, "junit-10.xsd")
    if not file.exists():
        raise ModuleNotFoundError(name=file.name)
    schema = etree.XMLSchema(etree.parse(file))
    if not schema.validate(etree.fromstring(text.encode())):
        sys.exit("\n".join(map(str, schema.error_log)))


def markdown(text):
    """Finds tables, and no tag but those that fold a part away."""
    import markdown_it

    tokens = markdown_it.MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    flat = [inner for token in tokens for inner in [token, *(token.children or [])]]
    wrong = [token for token in flat if token.type in ("link_open", "image", "html_inline", "heading_close") and token.tag != "h2" and token.tag != "h3"]
    assert not wrong, wrong
    ours = re.compile(r"<!-- mrt-report -->|<details><summary>[^<>]*</summary>|</details>")
    for token in flat:
        if token.type == "html_block":
            assert ours.fullmatch(token.content.strip()), token.content
        # What is in no code is looked through for people and issues.
        if token.type == "text":
            assert not re.search(r"[@#]\w", token.content), token.content
    for at, token in enumerate(tokens):
        if token.type == "table_open":
            kinds = [token.type for token in tokens[at:]]
            kinds = kinds[: kinds.index("table_close")]
            print("table", kinds.count("th_open"), "columns", kinds.count("tr_open") - 1, "rows")


def report(text):
    import jsonschema

    schema, document = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(document, schema, jsonschema.Draft202012Validator)
    print(len(document["cells"]), "cells")


READERS = {
    "sarif": sarif,
    "gitlab": gitlab,
    "github": github,
    "junit": junit,
    "junit_schema": junit_schema,
    "markdown": markdown,
    "json": report,
    "browser": browser.look,
}

try:
    READERS[sys.argv[1]](sys.stdin.buffer.read().decode())
except ModuleNotFoundError as error:
    print(f"{error.name} is not installed", file=sys.stderr)
    sys.exit(3)
