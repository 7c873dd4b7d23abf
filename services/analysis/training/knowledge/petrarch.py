"""Reads PETRARCH-2's actor and agent dictionaries.

An entry is a name, aliases on lines that start with `+`, and codes in brackets, each with an optional period:
`[SRBGOV 040303-070514]`, `[SRBGOV >070515]`, `[SRBELI]`. A name is in capitals with `_` for spaces.
"""

import re
from dataclasses import dataclass, field

_CODE = re.compile(r"\[([A-Z~-]+)\s*([^\]]*)\]")


@dataclass
class Code:
    """A CAMEO code and the period in which it held, as ISO dates or empty strings."""
    code: str
    start: str = ""
    end: str = ""


@dataclass
class Entry:
    """A name of a dictionary with its aliases, codes and comment."""
    names: list
    codes: list = field(default_factory=list)
    comment: str = ""


def read_actors(path):
    """Returns the entries of an actor dictionary in file order."""
    entries, current = [], None
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        text, _, comment = line.partition("#")
        if not text.strip():
            continue
        name = text.split("[")[0].strip()
        if name.startswith("+"):
            if current:
                current.names.append(_clean(name[1:]))
        elif name:
            current = Entry([_clean(name)], comment=comment.strip())
            entries.append(current)
        if current:
            current.codes += [Code(found[1], *_period(found[2])) for found in _CODE.finditer(text)]
    return [entry for entry in entries if entry.names[0] and entry.codes]


def read_agents(path):
    """Returns (phrase, code) for each role noun that has no substitution set, in lower case."""
    pairs = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        found = re.match(r"([A-Z][A-Z_' -]*?)_?\s*(?:\{[^}]*\})?\s*\[~([A-Z]+)\]", line)
        if found:
            pairs.append((_clean(found[1]).lower(), found[2]))
    return pairs


def _clean(name):
    return re.sub(r"\s+", " ", name.replace("_", " ")).strip()


def _period(text):
    dates = re.findall(r"\d{6,8}", text)
    if not dates:
        return "", ""
    if text.strip().startswith("<"):
        return "", _date(dates[0])
    if text.strip().startswith(">") or len(dates) == 1:
        return _date(dates[0]), ""
    return _date(dates[0]), _date(dates[1])


def _date(digits):
    if len(digits) == 6:
        digits = ("20" if int(digits[:2]) <= 26 else "19") + digits
    year, month, day = digits[:4], digits[4:6], digits[6:8]
    if len(digits) != 8 or not 1 <= int(month) <= 12 or not 1900 <= int(year) <= 2026:
        return ""
    last = {"02": 28, "04": 30, "06": 30, "09": 30, "11": 30}.get(month, 31)
    return f"{year}-{month}-{min(max(int(day), 1), last):02d}"
