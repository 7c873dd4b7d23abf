"""Makes the table of countries: curated names, coordinates from the World Factbook."""

import json
import re

from .spelling import with_ascii_forms
from .tables import TableError, read_table, split_list

COLUMNS = ["iso3", "cameo", "name", "capital", "latitude", "longitude", "names", "demonyms", "metonyms"]

# Where the Factbook gives no coordinates or none under the country's own code.
_COORDINATES = {"PSE": (31.92, 35.20), "FLK": (-51.75, -59.00), "GUF": (4.0, -53.0), "GLP": (16.25, -61.58), "MTQ": (14.67, -61.0),
                "REU": (-21.1, 55.6), "MYT": (-12.83, 45.17), "ALA": (60.2, 20.0), "USA": (38.0, -97.0)}

# ASCII forms that are English words.
_NOT_AS_ASCII = {"Male", "Reunion", "Aland"}


def parse_coordinates(text):
    """Reads '42 40 N, 21 10 E' as degrees, or returns None."""
    found = re.search(r"(\d+)(?: (\d+))?\s*([NS]), (\d+)(?: (\d+))?\s*([EW])", text or "")
    if not found:
        return None
    latitude = int(found[1]) + int(found[2] or 0) / 60
    longitude = int(found[4]) + int(found[5] or 0) / 60
    return (round(-latitude if found[3] == "S" else latitude, 2), round(-longitude if found[6] == "W" else longitude, 2))


def read_factbook(knowledge):
    """Returns the Factbook's entries that have a country code, by that code."""
    entries = {}
    with open(knowledge / "factbook" / "countries.jsonl", encoding="utf-8") as handle:
        for line in handle:
            entry = json.loads(line)
            if entry.get("iso3"):
                entries.setdefault(entry["iso3"], entry)
    return entries


def build_countries(curated, factbook):
    """Returns the rows of countries.tsv, by code."""
    rows, owners = {}, {}
    for entry in read_table(curated / "countries.tsv"):
        iso3 = entry["iso3"]
        coordinates = _COORDINATES.get(iso3) or parse_coordinates(factbook.get(iso3, {}).get("coordinates"))
        if coordinates is None:
            raise TableError(f"{entry['line']}: no coordinates for {iso3}")
        row = {
            "iso3": iso3, "cameo": entry["cameo"] or iso3, "name": entry["name"], "capital": entry["capital"],
            "latitude": coordinates[0], "longitude": coordinates[1],
            "names": with_ascii_forms([entry["name"]] + split_list(entry["names"]), _NOT_AS_ASCII),
            "demonyms": with_ascii_forms(split_list(entry["demonyms"])),
            "metonyms": with_ascii_forms(split_list(entry["metonyms"]), _NOT_AS_ASCII),
        }
        for word in row["names"] + row["demonyms"] + row["metonyms"]:
            if owners.setdefault(word, iso3) != iso3:
                raise TableError(f"{entry['line']}: {word!r} already belongs to {owners[word]}")
        if iso3 in rows:
            raise TableError(f"{entry['line']}: {iso3} stands twice")
        rows[iso3] = row
    return rows
