"""Makes the table of organisations: curated ones, parties and armed groups of the Factbook, and PETRARCH-2's lists."""

import re
from collections import Counter

from .petrarch import read_actors
from .spelling import capitalise_title, fold, slug, with_ascii_forms
from .tables import TableError, read_table, split_list

COLUMNS = ["id", "name", "type", "country", "sectors", "cameo", "names"]
TYPES = {"organisation", "armed_group", "ethnic_group", "religious_group", "international_organisation", "other"}

# Groups of which the curated table has every branch that the press names.
_CURATED_ALREADY = re.compile(r"Islamic State of Iraq|Islamic State in|\bAl[- ]Qa'?i?e?da|\bal[- ]Qa'?i?e?da", re.I)
# ASCII forms that are English words.
_NOT_AS_ASCII = {"Liberation"}

_PARTY_NOUN = re.compile(r"\b(Party|Movement|Front|Alliance|Union|Coalition|League|Congress|Democrats?|Forum|Bloc|List|Assembly"
                         r"|Platform|Rally|Organization|Partido|Parti)\b")
_GENERIC_FIRST = {"national", "liberal", "democratic", "labor", "labour", "peoples", "people", "socialist", "green", "communist",
                  "conservative", "republican", "progressive", "social", "christian", "centre", "center", "freedom", "united",
                  "reform", "workers", "unity", "new", "democrat", "popular", "left", "justice", "patriotic", "opposition",
                  "christian-democratic", "independent", "peasant", "peace", "womens", "civic", "republicans", "our", "future"}
_GROUP_NOUN = re.compile(r"\b(Front|Army|Brigades?|Movement|Organi[sz]ation|Liberation|Jihad|Mujahideen|Mujahidin|Lashkar|Forces?|Group"
                         r"|Commandos?|Militia|Guerrillas?|Harakat|Ansar|Jaish|Hizb|Command|Faction|Resistance|Martyrs)\b")
_BODY_NOUN = re.compile(r"\b(Organi[sz]ation|Council|Commission|Committee|Fund|Foundation|Federation|Association|Institute|Society"
                        r"|Agency|Bank|Union|Tribunal|Court|Programme|Campaign|Alliance|Conference)\b")
_NOT_A_NAME = re.compile(r"\d|\b(?:note|other|others|various|none|independents?|coalition of|former|also)\b|[\"“”:;/+*?()\\]|[^\x00-\u024f’]", re.I)


def build_organisations(curated, knowledge, countries, factbook):
    """Returns the rows of organisations.tsv."""
    rows = _curated_rows(curated, countries)
    dropped = {fold(entry["name"]) for entry in read_table(curated / "organisations_dropped.tsv")}
    known = {fold(name) for row in rows for name in row["names"]} | dropped
    known |= {fold(name) for row in countries.values() for name in row["names"] + row["demonyms"] + row["metonyms"]}
    found = _armed_groups(factbook, countries) + _parties(factbook, countries)
    found += _petrarch_groups(knowledge, countries) + _petrarch_bodies(knowledge, countries)
    counts = Counter(fold(name) for row in found for name in set(row["names"]))
    ids = {row["id"] for row in rows}
    for row in found:
        if fold(row["name"]) in known or counts[fold(row["name"])] > 1 and row["sectors"] == ["PTY"]:
            continue
        row["names"] = [name for name in row["names"] if fold(name) not in known and (counts[fold(name)] == 1 or name == row["name"])]
        if not row["names"] or row["id"] in ids:
            continue
        ids.add(row["id"])
        known |= {fold(name) for name in row["names"]}
        row["names"] = with_ascii_forms(row["names"])
        rows.append(row)
    return sorted(rows, key=lambda row: row["id"])


def _row(name, kind, iso3, sectors, cameo, names, countries):
    prefix = countries[iso3]["cameo"] if iso3 else ""
    identity = f"{prefix or cameo[:3]}/{sectors[0]}/{slug(name)}"
    return {"id": identity, "name": name, "type": kind, "country": iso3, "sectors": sectors,
            "cameo": cameo or prefix + "".join(sectors), "names": names}


def _curated_rows(curated, countries):
    rows, ids, owners = [], set(), {}
    for entry in read_table(curated / "organisations.tsv"):
        kind, iso3 = entry["type"] or "organisation", entry["country"]
        if kind not in TYPES or iso3 and iso3 not in countries:
            raise TableError(f"{entry['line']}: unknown type or country: {kind!r}, {iso3!r}")
        sectors = split_list(entry["sectors"])
        # A country in brackets only tells two organisations of one name apart: no paper prints it.
        is_printed = not entry["name"].endswith(")")
        spellings = ([entry["name"]] if is_printed else []) + split_list(entry["names"])
        row = _row(entry["name"], kind, iso3, sectors, entry["cameo"] or ("" if iso3 else sectors[0]),
                   with_ascii_forms(spellings, _NOT_AS_ASCII), countries)
        row["name"] = spellings[0]
        for name in row["names"]:
            if owners.setdefault(name, entry["line"]) != entry["line"]:
                raise TableError(f"{entry['line']}: {name!r} already stands at {owners[name]}")
        if row["id"] in ids:
            raise TableError(f"{entry['line']}: {row['id']} stands twice")
        ids.add(row["id"])
        rows.append(row)
    return rows


def _clean(text):
    text = re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", text)
    return re.sub(r"\s+", " ", text).strip(" ,.")


def _parties(factbook, countries):
    rows = []
    for iso3, entry in factbook.items():
        if iso3 not in countries:
            continue
        for part in re.sub(r"; note:? ?;.*", "", entry.get("political_parties") or "").split(";"):
            names = [_clean(name) for name in part.split(" or ")]
            name = names[0]
            if not _is_name(name, _PARTY_NOUN, 2) or len(name.split()) == 2 and fold(name).split()[0] in _GENERIC_FIRST:
                continue
            short = [other for other in names[1:] if re.fullmatch(r"[A-Z][A-Za-z-]*[A-Z][A-Za-z]*", other) and len(other) >= 4]
            rows.append(_row(name, "organisation", iso3, ["PTY"], "", [name] + short, countries))
    return rows


def _armed_groups(factbook, countries):
    homes, shorts = {}, {}
    for iso3, entry in factbook.items():
        text = re.sub(r"note:? ?;.*", "", entry.get("terrorist_groups") or "")
        for part in text.split(";"):
            name = _clean(part).replace("–", "-").replace(" - ", "-")
            if _CURATED_ALREADY.search(name) or len(name) > 60:
                continue
            if iso3 in countries and len(name.split()) >= 2 and not _NOT_A_NAME.search(name) and name[0].isupper():
                homes.setdefault(name, set()).add(iso3)
                shorts.setdefault(name, set()).update(
                    short.strip() for short in re.findall(r"\(([A-Z][A-Za-z-]{2,9})[;,)]", part) if short.upper() == short)
    rows = []
    for name, where in homes.items():
        iso3 = next(iter(where)) if len(where) == 1 else ""
        short = [item for item in sorted(shorts[name]) if len(item) >= 4]
        rows.append(_row(name, "armed_group", iso3, ["REB"], "" if iso3 else "IMGREB", [name] + short, countries))
    return rows


def _petrarch_groups(knowledge, countries):
    by_cameo = {row["cameo"]: iso3 for iso3, row in countries.items()}
    rows = []
    for entry in read_actors(knowledge / "petrarch2" / "Phoenix.MilNonState.actors.txt"):
        code = entry.codes[0].code
        names = [_clean(capitalise_title(name)) for name in entry.names]
        names = [name for name in names if _is_name(name, _GROUP_NOUN, 3)]
        if not code.endswith("REB") or not names:
            continue
        iso3 = by_cameo.get(code[:3], "")
        rows.append(_row(names[0], "armed_group", iso3, ["REB"], "" if iso3 else code, names, countries))
    return rows


def _petrarch_bodies(knowledge, countries):
    by_cameo = {row["cameo"]: iso3 for iso3, row in countries.items()}
    rows = []
    for entry in read_actors(knowledge / "petrarch2" / "Phoenix.International.actors.txt"):
        code = entry.codes[0].code
        names = [_clean(capitalise_title(name)) for name in entry.names]
        names = [name for name in names if _is_name(name, _BODY_NOUN, 3) and len(name) < 70]
        if code[:3] not in ("IGO", "NGO") or any(item.start or item.end for item in entry.codes) or not names:
            continue
        iso3 = by_cameo.get(code[3:6], "")
        kind = "international_organisation" if code[:3] == "IGO" else "organisation"
        rows.append(_row(names[0], kind, "" if kind[0] == "i" else iso3, [code[:3]], code, names, countries))
    return rows


def _is_name(name, noun, words):
    return len(name) <= 80 and not _CURATED_ALREADY.search(name) and len(name.split()) >= words and bool(noun.search(name)) and not _NOT_A_NAME.search(name) and name[0].isupper()
