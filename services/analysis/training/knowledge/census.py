"""Common names of persons in the US census, to tell names that may be anyone's."""

from pathlib import Path

import names


def read_names(file, limit):
    """Returns the most common names of one of the census lists, with the usual capitals."""
    lines = (Path(names.__file__).parent / file).read_text(encoding="ascii").splitlines()[:limit]
    return {line.split()[0].capitalize() for line in lines}


def common_names():
    """Returns the first names and surnames so common that together they tell no one person."""
    first = read_names("dist.male.first", 600) | read_names("dist.female.first", 600)
    return first, read_names("dist.all.last", 1500)
