"""Validates rendered manifests strictly, and itself: each field that they use is misspelt once, and has to be refused.

    validate.py --schemas DIR --output DIR NAME=FILE.yaml ...

Kinds of Kubernetes are validated by kubernetes-validate's strict schemas, others by DIR/GROUP-VERSION-KIND.json. What was read
is left in the output's directory as a list of objects, NAME.json, for those who read no YAML.
"""

import argparse
import copy
import json
import pathlib
import sys

import jsonschema
import kubernetes_validate
import yaml

KUBERNETES = "1.32"
# Below these lie names that somebody has chosen.
FREE = {
    "annotations", "data", "default", "defaultRequest", "hard", "labels", "limits", "matchLabels", "nodeSelector", "params",
    "requests", "selector", "stringData",
}
# Like those, but only there.
FREE_PATHS = {("spec", "triggers", "metadata")}


class Schemas:
    """Says what is wrong with an object."""

    def __init__(self, directory):
        self.own = {}
        for path in sorted(pathlib.Path(directory).glob("*.json")):
            schema = json.loads(path.read_text())
            jsonschema.Draft202012Validator.check_schema(schema)
            self.own[path.stem] = jsonschema.Draft202012Validator(schema)

    def problem(self, thing):
        """The first thing that is wrong, or None."""
        if not isinstance(thing.get("apiVersion"), str) or not isinstance(thing.get("kind"), str):
            return "it has no apiVersion or no kind"
        own = self.own.get("{}-{}".format(thing["apiVersion"].replace("/", "-"), thing["kind"]))
        if own is None:
            return self._of_kubernetes(thing)
        for error in own.iter_errors(thing):
            return "{}: {}".format(error.json_path, error.message)
        # The part that is Kubernetes' own.
        metadata = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": thing["metadata"]}
        return self._of_kubernetes(metadata)

    def _of_kubernetes(self, thing):
        try:
            kubernetes_validate.validate(thing, KUBERNETES, strict=True)
        except kubernetes_validate.SchemaNotFoundError:
            return "there is no schema for it"
        except kubernetes_validate.ValidationError as error:
            return "{}: {}".format(".".join(map(str, error.path)), error.message)
        return None


def name(thing):
    return "{} {}".format(thing.get("kind"), thing.get("metadata", {}).get("name"))


def fields(value, path=()):
    """The path of every field; a list's elements count as one."""
    if isinstance(value, list):
        for index, element in enumerate(value):
            yield from fields(element, path + (index,))
    elif isinstance(value, dict):
        names = tuple(step for step in path if isinstance(step, str))
        is_selector = names[-1:] == ("selector",) and ("matchLabels" in value or "matchExpressions" in value)
        if names in FREE_PATHS or names[-1:] and names[-1] in FREE and not is_selector:
            return
        for key, below in value.items():
            yield path + (key,)
            yield from fields(below, path + (key,))


def misspelt(thing, path):
    """A copy of the object in which this field is called otherwise."""
    changed = copy.deepcopy(thing)
    place = changed
    for step in path[:-1]:
        place = place[step]
    key = path[-1]
    place[key[:-1] + ("x" if key[-1] != "x" else "y")] = place.pop(key)
    return changed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--schemas", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("manifests", nargs="+", metavar="NAME=FILE")
    arguments = parser.parse_args()
    schemas, output = Schemas(arguments.schemas), pathlib.Path(arguments.output)

    problems, seen, objects = [], {}, {}
    for manifest in arguments.manifests:
        overlay, _, path = manifest.partition("=")
        things = [thing for thing in yaml.safe_load_all(pathlib.Path(path).read_text()) if thing]
        if not things:
            problems.append("{}: there is nothing in it".format(overlay))
        (output / (overlay + ".json")).write_text(json.dumps(things, indent=1, sort_keys=True))
        for thing in things:
            # Most are in every overlay.
            text = json.dumps(thing, sort_keys=True)
            if text in objects:
                continue
            objects[text] = thing
            problem = schemas.problem(thing)
            if problem is not None:
                problems.append("{}: {}: {}".format(overlay, name(thing), problem))
                continue
            for field in fields(thing):
                kind = (thing["apiVersion"], thing["kind"])
                seen.setdefault((kind, tuple(step for step in field if isinstance(step, str))), (thing, field))

    for (_, field), (thing, path) in sorted(seen.items(), key=lambda item: item[0]):
        if schemas.problem(misspelt(thing, path)) is None:
            problems.append("{}: nobody would notice `{}` misspelt".format(name(thing), ".".join(field)))

    for problem in problems:
        print(problem)
    kinds = {thing["kind"] for thing in objects.values()}
    print("{} different objects of {} kinds in {} renderings; each of their {} fields misspelt once".format(
        len(objects), len(kinds), len(arguments.manifests), len(seen)))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
