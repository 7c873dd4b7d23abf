"""Reads and writes the tab-separated tables that the program takes in and puts out.

A table is UTF-8. Lines that start with `#` are comments. The first other line names the columns. A list is one field with
`|` between its items. A short line is filled with empty fields; a long one is an error.
"""

import csv
from pathlib import Path


class TableError(Exception):
    """A line of a table that cannot be right; the message names file and line."""


def read_table(path):
    """Returns the rows of a table as dictionaries, with `line` added for messages."""
    rows, columns = [], None
    for number, text in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), 1):
        if not text.strip() or text.startswith("#"):
            continue
        fields = [field.strip() for field in text.split("\t")]
        if columns is None:
            columns = fields
            continue
        if len(fields) > len(columns):
            raise TableError(f"{path}:{number}: {len(fields)} fields, but only {len(columns)} columns")
        fields += [""] * (len(columns) - len(fields))
        rows.append(dict(zip(columns, fields), line=f"{Path(path).name}:{number}"))
    return rows


def read_source(path):
    """Returns the rows of a source that has a header, no comments, and plain tabs."""
    with open(path, encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE))


def split_list(field):
    """Splits a `|` list; empty items vanish, order stays, later repeats vanish."""
    return list(dict.fromkeys(item.strip() for item in field.split("|") if item.strip()))


def write_table(path, head, columns, rows):
    """Writes rows (dictionaries; lists become `|` lists) under a comment head."""
    lines = [f"# {line}".rstrip() for line in head] + ["\t".join(columns)]
    for row in rows:
        fields = []
        for column in columns:
            value = row.get(column, "")
            if isinstance(value, (list, tuple)):
                if any("|" in item for item in value):
                    raise TableError(f"{path}: an item of {column} holds a bar: {value}")
                value = "|".join(value)
            value = str(value)
            if "\t" in value or "\n" in value:
                raise TableError(f"{path}: {column} holds a tab or a line end: {value!r}")
            fields.append(value)
        lines.append("\t".join(fields))
    Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")
