#!/usr/bin/env python3
"""A name of a type is defined once: two types of one name in one namespace, each in its own part of the
program, link into nonsense without a word (the one-definition rule). Reads the sources under the root."""
import collections
import pathlib
import re
import sys


def types_of(path):
    """Each type that the file defines outside nameless namespaces, with its namespaces."""
    spaces = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if opened := re.match(r"namespace\s*([\w:]*)\s*\{", line):
            spaces.append(opened[1] or "-")
        elif re.match(r"\}\s*//\s*namespace", line) and spaces:
            spaces.pop()
        elif "-" not in spaces and (defined := re.match(r"(?:struct|class|enum class|enum|union) (\w+)\b[^;:]*(?::[^:;][^;]*)?\{", line)):
            yield "::".join([*spaces, defined[1]])


def main():
    root = pathlib.Path(sys.argv[1])
    places = collections.defaultdict(set)
    for folder in ("include", "src", "tests"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".h", ".cc"):
                for name in types_of(path):
                    places[name].add(str(path.relative_to(root)))
    if len(places) < 500:
        sys.exit(f"only {len(places)} types were found: this reads something else")
    twice = {name: where for name, where in places.items() if len(where) > 1}
    for name, where in sorted(twice.items()):
        print(f"{name} is defined in {' and in '.join(sorted(where))}")
    sys.exit(1 if twice else 0)


main()
