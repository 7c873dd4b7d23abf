"""Makes the table of people: who held which office, when, and how the press spells the name.

Four sources, each worth more than the next: the curated table, the World Factbook's leaders, the cabinets of June 2019,
and PETRARCH-2's dictionary (cabinets of 2003 to 2012 and earlier heads of state). What a better source says of a person
replaces what a worse one says of the same time.
"""

import re
from collections import defaultdict
from dataclasses import dataclass, field

from . import offices, press_names
from .census import common_names
from .petrarch import read_actors
from .spelling import capitalise_name, fold, slug, with_ascii_forms
from .tables import TableError, read_source, read_table, split_list

COLUMNS = ["id", "name", "country", "sectors", "cameo", "role", "from", "to", "names"]
CURATED, FACTBOOK, MINISTERS, PETRARCH = range(4)

# PETRARCH-2 was made then: what it calls open is known up to that day.
_PETRARCH_MADE = "2014-01-30"
_PETRARCH_SINCE = "2009-01-01"
_PETRARCH_RULERS_SINCE = "1990-01-01"
# Their head of state is another country's, or that one's representative.
_TERRITORIES = {"PRI", "GUM", "ASM", "MNP", "VIR", "NCL", "PYF", "GRL", "FRO", "GIB", "BMU", "CYM", "VGB", "SHN", "FLK", "ABW", "CUW",
                "SXM", "COK", "NIU", "TCA", "AIA", "MSR", "IMN", "HKG", "MAC", "AUS", "CAN", "NZL", "JAM", "BHS", "ATG", "BLZ", "GRD",
                "KNA", "LCA", "VCT", "PNG", "SLB", "TUV", "AND", "BRB"}
# Countries whose names PETRARCH-2 spells in a form that no paper prints.
_SECTORS = {"MIL", "JUD", "COP", "LEG", "SPY", "EDU", "HLH", "AGR", "ENV", "LAB", "MED", "BUS"}
_PETRARCH_SKIPS = {"TWN", "PRK", "KOR", "CHN", "VNM", "MMR", "KHM", "LAO"}


@dataclass
class Office:
    """An office of a person; empty dates mean unknown."""
    country: str
    sectors: list
    cameo: str
    role: str
    start: str
    end: str
    source: int


@dataclass
class Person:
    """A person, the best source that knows them, and what the sources say."""
    name: str
    country: str
    source: int
    names: list = field(default_factory=list)
    offices: list = field(default_factory=list)


class People:
    """The people found so far, with an index that tells whether a name is one of them."""

    def __init__(self):
        self.persons = []
        self._by_name = {}
        self._by_first_token = defaultdict(list)

    def find(self, name, country):
        """Returns the person of a country with that name, or with that name less or more its middle parts."""
        key = fold(name)
        if (country, key) in self._by_name:
            return self._by_name[country, key]
        tokens = key.split()
        for known, person in self._by_first_token.get((country, tokens[0] if tokens else ""), ()):
            shorter, longer = sorted((tokens, known), key=len)
            if len(shorter) >= 2 and _is_subsequence(shorter, longer):
                return person
        return None

    def new(self, name, country, source):
        """Returns a new person."""
        person = Person(name, country, source)
        self.persons.append(person)
        return person

    def add(self, name, country, source, names):
        """Returns the person of that name, made if new, with the names added."""
        person = self.find(name, country) or self.new(name, country, source)
        self.index(person, country, [name] + names)
        return person

    def index(self, person, country, names):
        """Adds names to a person, and lets `find` know them in that country."""
        for spelling in names:
            if spelling not in person.names:
                person.names.append(spelling)
            key = fold(spelling)
            if (country, key) not in self._by_name:
                self._by_name[country, key] = person
                tokens = key.split()
                if tokens:
                    self._by_first_token[country, tokens[0]].append((tokens, person))


def build_people(curated, knowledge, countries, taken):
    """Returns the rows of people.tsv; `taken` are names that belong to countries, places and organisations."""
    people = People()
    _add_curated(people, curated, countries)
    _add_factbook(people, knowledge, countries)
    _add_ministers(people, knowledge, countries)
    _add_petrarch(people, knowledge, countries)
    dropped = {entry["name"] for entry in read_table(curated / "people_dropped.tsv")}
    _share_out_names(people.persons, taken, dropped)
    return _rows(people.persons, countries)


def _add_curated(people, curated, countries):
    """Adds the curated offices, then the curated spellings of people whose offices come from other sources."""
    by_name = {}
    for entry in read_table(curated / "people.tsv"):
        country = entry["country"]
        if country and country not in countries:
            raise TableError(f"{entry['line']}: {country!r} is no country code")
        name = entry["name"]
        if name not in by_name:
            by_name[name] = people.new(name, country, CURATED)
        person = by_name[name]
        people.index(person, country, [name] + split_list(entry["names"]) + press_names.forms(name, country))
        sectors = split_list(entry["sectors"]) or ["GOV"]
        cameo = entry["cameo"] or (countries[country]["cameo"] if country else "") + "".join(sectors)
        person.offices.append(Office(country, sectors, cameo, entry["role"], entry["from"], entry["to"], CURATED))
    for entry in read_table(curated / "people_spellings.tsv"):
        names = [entry["name"]] + split_list(entry["names"])
        person = by_name.get(entry["name"]) or people.new(entry["name"], entry["country"], CURATED)
        by_name[entry["name"]] = person
        people.index(person, entry["country"], names + press_names.forms(entry["name"], entry["country"]))


def _add_factbook(people, knowledge, countries):
    found = []
    for entry in read_source(knowledge / "factbook" / "leaders.tsv"):
        if entry["iso3"] not in countries or entry["iso3"] in _TERRITORIES and entry["role"] == "head_of_state":
            continue
        cleaned = press_names.clean_leader(entry["title"], entry["name"])
        if cleaned:
            found.append((entry, *cleaned))
    seen_last = max(entry["last_seen"] for entry, *_ in found)
    for entry, title, name, names in found:
        start = offices.parse_date(entry["since"])
        end = "" if entry["last_seen"] == seen_last else entry["last_seen"]
        if end and offices.is_held_by_one(title):
            successors = [offices.parse_date(other["since"]) for other, other_title, other_name, _ in found
                          if other["iso3"] == entry["iso3"] and offices.same_office(other_title, title)
                          and fold(other_name) != fold(name) and offices.parse_date(other["since"]) > start]
            end = min(successors + [end])
        person = people.add(name, entry["iso3"], FACTBOOK, names + press_names.forms(name, entry["iso3"]))
        _add_office(person, Office(entry["iso3"], ["GOV"], countries[entry["iso3"]]["cameo"] + "GOV",
                                             offices.role_of_title(title, entry["role"]), start, end, FACTBOOK))


def _add_ministers(people, knowledge, countries):
    for entry in read_source(knowledge / "ministers-2019.tsv"):
        country = entry["iso3"]
        cleaned = press_names.clean_minister(entry["name"])
        if country not in countries or not cleaned:
            continue
        name, names = cleaned
        role, sectors = offices.role_of_office(entry["office"])
        person = people.add(name, country, MINISTERS, names + press_names.forms(name, country))
        _add_office(person, Office(country, sectors, countries[country]["cameo"] + "".join(sectors), role, "", "", MINISTERS))


def _add_petrarch(people, knowledge, countries):
    by_cameo = {row["cameo"]: iso3 for iso3, row in countries.items()} | {iso3: iso3 for iso3 in countries}
    for entry in read_actors(knowledge / "petrarch2" / "Phoenix.Countries.actors.txt"):
        if "CountryInfo" not in entry.comment:
            continue
        is_ruler = any(code.code.endswith("ELI") for code in entry.codes)
        since = _PETRARCH_RULERS_SINCE if is_ruler else _PETRARCH_SINCE
        held = [code for code in entry.codes if code.start and "GOV" in code.code
                and (code.end or _PETRARCH_MADE) >= max(since, code.start)]
        country = by_cameo.get(entry.codes[0].code[:3])
        name = press_names.without_title(capitalise_name(entry.names[0]))
        if not held or not country or country in _PETRARCH_SKIPS or not press_names.is_plausible(name):
            continue
        aliases = [capitalise_name(alias) for alias in entry.names[1:]]
        aliases = [alias for alias in aliases if press_names.is_plausible(alias)]
        known = people.find(name, country)
        if known and known.source == CURATED:
            continue
        person = people.add(name, country, PETRARCH, aliases + press_names.forms(name, country))
        last = max(held, key=lambda code: code.start)
        sectors = ["GOV"] + [sector for sector in re.findall("...", last.code[3:]) if sector in _SECTORS]
        _add_office(person, Office(country, sectors, countries[country]["cameo"] + "".join(sectors),
                                             "government official", last.start, last.end or _PETRARCH_MADE, PETRARCH))


def _add_office(person, office):
    """Adds what a source says, unless a better source covers the time; joins terms that follow on each other."""
    if any(known.source < office.source and offices.overlap(known, office) for known in person.offices):
        return
    for known in person.offices:
        if known.country != office.country or not offices.same_office(known.role, office.role):
            continue
        if not known.start or not office.start:
            return
        if known.source == office.source and offices.touch(known, office):
            known.start, known.end = offices.join(known, office)
            return
    person.offices.append(office)


def _is_subsequence(shorter, longer):
    """Says whether the one list of tokens is the other with some left out."""
    position = iter(longer)
    return all(token in position for token in shorter)


def _share_out_names(persons, taken, dropped):
    """Gives each spelling to one person, the best known and latest; drops spellings that belong to something else."""
    def rank(person):
        latest = max((office.end or ("9999" if office.start else "2019-06-01") for office in person.offices), default="")
        return person.source, [-ord(char) for char in latest]

    first_names, surnames = common_names()
    owners = {}
    for person in sorted(persons, key=rank):
        spellings = with_ascii_forms(person.names)
        if person.source < PETRARCH:
            spellings = press_names.with_article_forms(press_names.with_spellings(spellings))
        kept = []
        for spelling in spellings:
            words = spelling.split()
            is_common = len(words) == 2 and words[0] in first_names and words[1] in surnames
            if is_common and (person.source == PETRARCH or person.source != CURATED and person.country not in ("USA", "GBR")):
                continue
            if spelling in dropped or (person.source != CURATED and (" " not in spelling or spelling in taken)):
                continue
            if owners.setdefault(spelling, person) is person:
                kept.append(spelling)
        person.names = kept
        if kept and person.name not in kept:
            person.name = kept[0]


def _rows(persons, countries):
    rows, ids = [], {}
    for person in persons:
        if not person.names or not person.offices:
            continue
        first = _main_office(person)
        identity = f"{_id_prefix(first, countries)}/{slug(person.name)}"
        number = ids[identity] = ids.get(identity, 0) + 1
        if number > 1:
            identity = f"{identity}-{number}"
        for office in sorted(person.offices, key=lambda office: (office.start, office.end, office.role)):
            rows.append({"id": identity, "name": person.name, "country": office.country, "sectors": office.sectors,
                         "cameo": office.cameo, "role": office.role, "from": office.start, "to": office.end,
                         "names": person.names})
    return sorted(rows, key=lambda row: (row["id"], row["from"], row["to"]))


def _main_office(person):
    """Returns the office that names a person in the id: in government rather than out of it, the first curated or the last."""
    if person.source == CURATED:
        in_government = [office for office in person.offices if office.country and office.sectors[0] == "GOV"]
        return (in_government or person.offices)[0]
    return max(person.offices, key=lambda office: (office.end or "9999", office.start))


def _id_prefix(office, countries):
    if office.country:
        return f"{countries[office.country]['cameo']}/{office.sectors[0]}"
    return f"{office.sectors[0]}/{office.cameo[3:6] or office.sectors[0]}"
