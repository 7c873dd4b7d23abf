"""Titles of office: the role in the words of the press, its sectors, and the time it was held."""

import re
from datetime import date

_MONTHS = {name: number for number, name in enumerate(
    "january february march april may june july august september october november december".split(), 1)}

# Offices that one person holds at a time, so that a successor's first day is the last of the one before.
_SINGLE = {"president", "prime minister", "king", "queen", "chancellor", "emir", "sultan", "amir", "premier", "taoiseach",
           "federal chancellor", "supreme leader", "monarch"}

# First match wins: words of an office, the role the press gives it, its sectors.
_ROLES = [
    (r"ambassador to the us\b|representative to the us\b", "ambassador to the united states", ["GOV"]),
    (r"representative to the un\b|ambassador to the un\b", "ambassador to the united nations", ["GOV"]),
    (r"central bank|national bank|reserve bank|monetary authority|bank of ", "central bank governor", ["GOV", "BUS"]),
    (r"^(first |second |third )?(deputy|vice) prime minister", "deputy prime minister", ["GOV"]),
    (r"^prime minister", "prime minister", ["GOV"]),
    (r"^(first |second |third |executive )?vice president", "vice president", ["GOV"]),
    (r"^(deputy|vice|state|minister of state|junior)\b.*(foreign|external)", "deputy foreign minister", ["GOV"]),
    (r"^(deputy|vice|state|minister of state|junior)\b.*defen[cs]e", "deputy defence minister", ["GOV", "MIL"]),
    (r"min.*(foreign affairs|foreign relations|external relations|external affairs|for foreign|of foreign)|foreign minister",
     "foreign minister", ["GOV"]),
    (r"^sec.* of state$", "secretary of state", ["GOV"]),
    (r"(min|sec).*(defen[cs]e|armed forces)", "defence minister", ["GOV", "MIL"]),
    (r"min.*(interior|internal affairs|home affairs)", "interior minister", ["GOV"]),
    (r"min.*(intelligence)", "intelligence minister", ["GOV", "SPY"]),
    (r"min.*(justice)", "justice minister", ["GOV", "JUD"]),
    (r"attorney general|prosecutor general", "attorney general", ["GOV", "JUD"]),
    (r"min.*(finance|treasury)", "finance minister", ["GOV"]),
    (r"min.*(health)", "health minister", ["GOV", "HLH"]),
    (r"min.*(education)", "education minister", ["GOV", "EDU"]),
    (r"min.*(agriculture)", "agriculture minister", ["GOV", "AGR"]),
    (r"min.*(environment)", "environment minister", ["GOV", "ENV"]),
    (r"min.*(energy|petroleum|oil)", "energy minister", ["GOV"]),
    (r"min.*(economy|economic)", "economy minister", ["GOV"]),
    (r"min.*(trade|commerce)", "trade minister", ["GOV"]),
    (r"min.*(labou?r)", "labour minister", ["GOV", "LAB"]),
    (r"min.*(transport)", "transport minister", ["GOV"]),
    (r"min.*(information|communication)", "information minister", ["GOV", "MED"]),
    (r"min.*(culture)", "culture minister", ["GOV"]),
    (r"^min.*", "minister", ["GOV"]),
    (r"intelligence|security service", "intelligence chief", ["GOV", "SPY"]),
    (r"commander|chief of staff|army", "military commander", ["GOV", "MIL"]),
]


def parse_date(text):
    """Reads a full, month or year date, or words such as 'April 2018, ...', as an ISO date; empty if there is none."""
    found = re.search(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?", text)
    if not found:
        return ""
    month = int(found[2] or 1)
    if not found[2]:
        named = re.search(r"\b([A-Za-z]+) \d{4}", text)
        month = _MONTHS.get(named[1].lower(), 1) if named else 1
    try:
        return date(int(found[1]), month, int(found[3] or 1)).isoformat()
    except ValueError:
        return ""


def role_of_office(office):
    """Returns (role, sectors) of an office as the list of cabinets words it."""
    lower = re.sub(r"\s+", " ", office.lower().replace("dep.", "deputy"))
    for pattern, role, sectors in _ROLES:
        if re.search(pattern, lower):
            return role, list(sectors)
    return lower.replace(" & ", " and ").strip(" ,"), ["GOV"]


def role_of_title(title, kind):
    """Returns the role of a head of state or government, whose title may be missing."""
    return base_title(title) or ("government official" if kind == "head_of_government" else "head of state")


def base_title(title):
    """Returns a title in lower case without 'acting', 'interim', 'transitional'."""
    plain = re.sub(r"\b(acting|interim|transitional|transition|caretaker|temporary)\b", "", title.lower())
    return re.sub(r"\s+", " ", plain).strip(" ,")


def is_held_by_one(title):
    """Says whether an office has one holder at a time."""
    return base_title(title) in _SINGLE


def same_office(one, other):
    """Says whether two titles name the same office."""
    return base_title(one) == base_title(other)


def touch(one, other):
    """Says whether two terms overlap or lie within two months of each other."""
    first, second = sorted((one, other), key=lambda office: office.start)
    if not first.end:
        return True
    return (date.fromisoformat(second.start) - date.fromisoformat(first.end)).days <= 62


def join(one, other):
    """Returns the period that covers two terms."""
    end = "" if not one.end or not other.end else max(one.end, other.end)
    return min(one.start, other.start), end


def overlap(one, other):
    """Says whether two offices share time; one without dates shares all of it."""
    if not (one.start or one.end) or not (other.start or other.end):
        return True
    return (one.start or "0") < (other.end or "9") and (other.start or "0") < (one.end or "9")
