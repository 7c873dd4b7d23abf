"""Makes the table of roles: curated phrases, and PETRARCH-2's agents that are titles, persons or groups."""

import re

from .petrarch import read_agents
from .tables import TableError, read_table, split_list

COLUMNS = ["role", "sectors", "plural", "kind"]
KINDS = {"title", "office", "group", "person"}

_THINGS = re.compile(r"\b(plane|aircraft|jet|ship|vessel|tanker|hornet|raptor|fighter jet|helicopter|missile|car|truck|bomber|tank|machine"
                     r"|warplane|warship|boat|frigate|destroyer|submarine|carrier|vehicle|artillery|gunship|airliner|sanatorium"
                     r"|minist|refinery|train|bus|hospital|school|airline|airway)s?\b|[/0-9']")
_GROUPS = re.compile(r"\b(ministry|agency|company|party|department|forces?|council|committee|commission|government|army|union|police|troops"
                     r"|parliament|association|bank|authorit(?:y|ies)|cabinet|corps?|court|movement|alliance|regime|office|unit|militia"
                     r"|guards?|navy|military|media|press|organization|leadership|administration|bureau|assembly|senate|congress"
                     r"|house|group|band|patrol|television|radio|palace|gang|cartel|authority|regiment|squad|division|fleet|institution|parties|coalition|front|battalion|brigade|command|firm|corporation|industry|business|team"
                     r"|community|clergy|labor|personnel|institute|university|college|legislature|embassy|junta|service|board)$")
# Phrases that the source cuts, strings together or misspells, and those that name no one.
_BROKEN = re.compile(r"\b(?:to|at|of|for|and|in|from|run|owned|industr|corp|nongovernmenal|trafikers?|traffiker)$|\band\b"
                     r"|\b(?:pak fa|tomcat|information|exercise|expenditure|women|men|state-owned|telecom|oiler|fisher)\b")
_TITLES = re.compile(r"\b(minister|president|chancellor|premier|chief|governor|ambassador|envoy|secretary|general|commander|king|queen"
                     r"|prince|speaker|chairman|director|mayor|admiral|colonel|marshal|commissioner|attorney general|emir|sultan"
                     r"|head of state|head of government|leader|spokes(?:man|woman|person)|captain|major|lieutenant|bishop"
                     r"|archbishop|pope|patriarch|cardinal|imam|ayatollah|sheikh|senator|adviser|advisor)$")
_IRREGULAR = {"thief": "thieves", "police": "police", "joint chiefs": "joint chiefs", "child": "children", "clergy": "clergy"}
# Words of the source that mean too much else to say who acts.
_VAGUE = {"boss", "killer", "merchant", "producer", "company", "business", "counsel", "polity", "tourer", "factory", "woman", "man",
          "ally", "house", "office", "bank", "market", "trade", "industry", "special", "mission", "source", "official", "court",
          "team", "unit", "party", "council", "club", "firm", "board", "store", "shop", "plant", "station", "service", "command",
          "base", "center", "centre", "report", "study", "press", "paper", "church", "side", "staff", "head", "chief", "member",
          "expert", "partner", "agent", "individual", "people", "person", "public", "population", "community", "group", "user",
          "player", "star", "host", "guest", "writer", "author", "fan", "customer", "client", "consumer", "manufacturer", "maker",
          "seller", "buyer", "owner", "hotel", "restaurant", "film", "movie", "music", "show", "stage", "fishery", "aerospace",
          "granger", "croft", "model", "operator", "carrier", "driver", "contractor", "bargainer", "cabinetmaker", "capital"}


def build_roles(curated, knowledge):
    """Returns the rows of roles.tsv."""
    rows = {}
    for entry in read_table(curated / "roles.tsv"):
        if entry["kind"] not in KINDS or entry["role"] in rows:
            raise TableError(f"{entry['line']}: unknown kind, or a role that stands twice: {entry['role']!r}")
        rows[entry["role"]] = {"role": entry["role"], "sectors": split_list(entry["sectors"]), "kind": entry["kind"],
                               "plural": entry["plural"] or ("" if entry["kind"] == "group" else plural_of(entry["role"]))}
    plurals = {row["plural"] for row in rows.values()}
    for phrase, code in read_agents(knowledge / "petrarch2" / "Phoenix.agents.txt"):
        role = phrase.replace(" - ", "-")
        if role in rows or role in plurals or role in _VAGUE or len(role) < 4 or len(role.split()) > 5 or _THINGS.search(role):
            continue
        if _BROKEN.search(role):
            continue
        sectors = re.findall("...", code)
        head = re.split(r" (?:of|in|for|from|to|at) ", role)[0]
        kind = "group" if _GROUPS.search(head) else "title" if _TITLES.search(head) else "person"
        plural = "" if re.search(r"\b(?:police|forces|troops|staff|media|military)$", head) else plural_of(role)
        row = {"role": role, "sectors": sectors, "kind": kind, "plural": plural}
        if re.search(r"[^s]s$", head):
            if head[:-1] in rows:
                continue
            row["plural"], row["kind"] = "", "group"
        rows[role] = row
        plurals.add(row["plural"])
    return sorted(rows.values(), key=lambda row: row["role"])


def plural_of(role):
    """Returns the regular plural of a phrase: of its head before ' of ', ' in ', else of its last word."""
    found = re.match(r"(.+?)( (?:of|in|to|for|at)\b.*)$", role)
    if found:
        return plural_of(found[1]) + found[2]
    if role.endswith("general") and " " in role and not role.endswith(("major general", "brigadier general", "lieutenant general")):
        return plural_of(role[:-8]) + " general"
    if re.search(r"(man|woman)$", role) and not role.endswith(("human", "german", "roman", "ottoman", "shaman")):
        return role[:-3] + role[-3:].replace("man", "men")
    if role in _IRREGULAR:
        return _IRREGULAR[role]
    if role.endswith("person"):
        return role[:-6] + "people"
    if re.search(r"[^aeiou]y$", role):
        return role[:-1] + "ies"
    if re.search(r"(s|x|z|ch|sh)$", role) and not role.endswith(("patriarch", "monarch", "oligarch", "eunuch")):
        return role + "es"
    return role + "s"
