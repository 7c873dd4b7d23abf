"""Names of persons as sources give them, made into names as the press prints them."""

import re

from .spelling import fold

_TITLES = re.compile(
    r"^(?:(?:Air |Rear |Vice |Field |Major |Maj\.? |Lt\.? |Lieutenant |Brigadier |Brig\.? |Div\.? |Army |Staff )*"
    r"(?:Gen(?:eral)?|Col(?:onel)?|Capt(?:ain)?|Maj(?:or)?|Brig(?:adier)?|Lt|Adm(?:iral)?|Marshal+|Cdr|Commander|Cmdr|Commodore"
    r"|Chief Master Sergeant|Sgt|Air Vice-Marshal+|Dr|Doctor|Prof(?:essor)?|Eng|Ing|Sir|Dame|Lord|Baroness|Mr|Mrs|Ms|Hon"
    r"|Ret|Retired|Amb(?:assador)?|Hajji?|El Hadj|Dato'? ?(?:Seri|Sri)?|Datuk(?: Seri)?|Tan Sri|Ratu|Sheikh Dr|Father"
    r"|H\.E|The Honou?rable|Cheikh El|Fra'|Ayatollah|Imam|Reverend|Rev|Archbishop|Bishop|Cardinal)\.?,?\s+"
    r"|\((?:Ret|ret)\.?\)\s*)+")
_ROLE_WORDS = re.compile(
    r"^(?:represented by|Temporary|Acting|Interim|Transitional|Assistant|Deputy|Vice|First|Second|Third|Prime|President|Minister"
    r"|Governor[- ]General|Governor|Head|Chairman|Chief|Premier|King|Queen|Captain Regent|General)\b\s*", re.I)
_TITLE_WORDS = {"President", "Chancellor", "Secretary", "Senator", "Premier", "General", "Governor", "Ambassador", "Chairman", "Pm",
                "Leader", "Speaker", "Justice", "Judge", "Mayor", "Commander", "Prime", "Foreign", "Vice", "Us", "Un", "Mr", "Mrs", "Ms"}
_MONARCH = {"king", "queen", "emir", "amir", "sultan", "prince", "grand duke", "pope", "emperor", "sheikh"}
_ROMAN = re.compile(r"^(?:Ii|Iii|Iv|Vi|Vii|Viii|Ix|Xi|Xii|Xiii|Xiv|Xv|Xvi)$")
_GARBAGE = re.compile(r"\d|\b(?:and|for|with|by|who|since|elected|office|vacant|note|cabinet|council|ministry|affairs|minister"
                      r"|ministers|president|government|national|party|presidency|commission|bank|republic|state|administration|junta|regime)\b|[;:/*]", re.I)
# Beginnings of names that the source lost with an accented letter (Fernandez: Ndez), and words of titles left in a name.
_CUT_NAME = re.compile(r"(?:Ndez|Rquez|Zquez|Lvarez|Guez|Nchez|Pez|Rez|Nez|Rodrigues Alckmin|Rico)\b")
_LEFT_OVER = re.compile(r"\b(?:Leader|Premiers?|Ceo|CEO|Co-prince|Commissioner|Confederation|Chairperson|Chairman|Prefect|Secretary"
                        r"|Mr|Mrs|Ms|Represented|Counselor|Head|Leaders|Presidents|Members?|Councilor|Elect|Heir|Sac|Sr)\b")
_SPANISH = {"ESP", "MEX", "GTM", "HND", "SLV", "NIC", "CRI", "PAN", "CUB", "DOM", "COL", "VEN", "ECU", "PER", "BOL", "CHL",
            "ARG", "URY", "PRY"}
_SPANISH_GIVEN = set("""Carlos Manuel Antonio Luis Jose Maria Alberto Eduardo Fernando Francisco Javier Enrique Miguel Angel Rafael
    Andres Pedro Pablo Jorge Ricardo Roberto Alejandro Ernesto Guillermo Ignacio Augusto Cesar Daniel David Elena Cristina Isabel
    Ana Patricia Raul Julio Hugo Felipe Arturo Armando Alfredo Gustavo Orlando Ramon Vicente Sergio Victor Oscar Mario Marcelo
    Gabriel Emilio Gerardo Gonzalo Salvador Domingo Agustin Alfonso Lucia Teresa Beatriz Tomas Hernan Rodolfo Rodrigo Humberto
    Ruben Jaime Juan Joaquin Jesus""".split())
_FAMILY_FIRST = {"CHN", "TWN", "KOR", "PRK", "VNM", "HKG", "MAC", "SGP", "KHM", "JPN", "MMR", "LAO", "THA", "IDN", "MYS",
                 "ETH", "ERI", "SOM", "BTN", "TLS"}
_LOWER_INSIDE = {"Von", "Van", "Der", "Den", "Bin", "Ibn", "Dos", "Das", "Della"}
_JOINERS = {"bin", "ibn", "bint", "van", "der", "den", "de", "del", "di", "du", "da", "dos", "das", "la", "le", "von", "al", "el",
            "abu", "abd", "abdul", "ould", "st.", "ter", "e", "y", "ten", "zu", "san", "santa", "bou", "ag", "of", "the", "saint"}


def clean_leader(title, name):
    """Returns (title, name, other names) of a line of the Factbook, or None where the line is broken."""
    title = title.strip(" ,.")
    if _CUT_NAME.match(name) or _LEFT_OVER.search(name):
        return None
    if re.search(r"\b(?:for|of|of the|and|&|the)$", title) or re.match(r"[a-z]", name):
        return None
    while _ROLE_WORDS.match(name):
        name = _ROLE_WORDS.sub("", name, count=1)
    name, names = _clean(name)
    lower = title.lower()
    if lower in _MONARCH:
        plain = name
        name = f"{title.title()} {plain}"
        short = f"{title.title()} {plain.split()[0]}"
        return title, name, [short] if _ends_in_numeral(plain) and len(plain.split()) == 2 else []
    if not is_plausible(name):
        return None
    return title, name, [other for other in names if is_plausible(other)]


def clean_minister(name):
    """Returns (name, other names) of a line of the list of cabinets, or None."""
    names = []
    found = re.search(r"\((?:a\.?k\.?a\.?)?\s*([^)]*)\)", name)
    if found and found[1] and is_plausible(found[1].strip()):
        names.append(found[1].strip())
    name, more = _clean(re.sub(r"\([^)]*\)", " ", name))
    names += more
    if not is_plausible(name):
        return None
    return name, [other for other in names if is_plausible(other)]


def is_plausible(name):
    """Says whether a text can be the name of a person: two to seven capitalised words and nothing else."""
    words = name.split()
    if words and words[0] in _TITLE_WORDS:
        return False
    if not 2 <= len(words) <= 7 or _GARBAGE.search(name) or not re.match(r"^[^\W\d_]", name):
        return False
    capitalised = sum(word[0].isupper() or word.lower() in _JOINERS or "-" in word or "'" in word for word in words)
    return words[0][0].isupper() and capitalised == len(words) and len(fold(name)) >= 6 and "(" not in name and len(words[-1]) > 1


def without_title(name):
    """Returns the name without rank or title before it."""
    return _TITLES.sub("", name)


def forms(name, country):
    """Returns the shorter forms in which the press prints a full name."""
    name = re.sub(r",? (?:Jr|Sr)\.?$", "", name)
    words = [word for word in name.split() if not re.fullmatch(r"[A-Z]\.?(?:[A-Z]\.?)*", word)]
    result = [" ".join(words)] if len(words) >= 2 else []
    if country in _FAMILY_FIRST or len(words) < 3 or _ends_in_numeral(name) or words[0] in ("King", "Queen", "Prince", "Sheikh"):
        return [form for form in result if form != name]
    if country in _SPANISH:
        if not any(word.lower() in _JOINERS for word in words):
            family = words[-2] if words[-2] not in _SPANISH_GIVEN else words[-1]
            result += [f"{words[0]} {family}", f"{words[0]} {family} {words[-1]}" if family != words[-1] else name]
    else:
        start = len(words) - 1
        while start > 1 and words[start - 1].lower() in _JOINERS:
            start -= 1
        result.append(" ".join([words[0]] + words[start:]))
    return [form for form in dict.fromkeys(result) if form != name and len(form.split()) >= 2]


# One name in the spellings of the press: what a source writes one way, papers write in all of them.
_SAME_NAMES = [
    ("Mohamed", "Mohammed", "Mohammad", "Muhammad"), ("Ahmed", "Ahmad"), ("Hussein", "Hussain", "Hossein"), ("Hassan", "Hasan"),
    ("Yusuf", "Youssef", "Yousef", "Yousuf"), ("Abdullah", "Abdallah", "Abdulla"), ("Omar", "Umar"), ("Osman", "Othman", "Usman"),
    ("Khalid", "Khaled"), ("Saleh", "Salih"), ("Mahmoud", "Mahmud"), ("Faisal", "Faysal"), ("Ismail", "Esmail"),
    ("Suleiman", "Sulayman", "Suleyman"), ("Saeed", "Said", "Sayed"), ("Abdel", "Abdul"), ("Tariq", "Tarek", "Tareq"),
    ("Jamal", "Gamal"), ("Nasser", "Nasir", "Naser"), ("Mustafa", "Moustafa", "Mostafa"), ("Abdirahman", "Abdurahman"),
    ("Aleksandr", "Alexander", "Aleksander"), ("Sergei", "Sergey"), ("Dmitry", "Dmitri", "Dmitriy"), ("Yuri", "Yury", "Yuriy"),
    ("Andrei", "Andrey"), ("Alexei", "Aleksei", "Alexey", "Aleksey"), ("Vitaly", "Vitali", "Vitaliy"), ("Anatoly", "Anatoliy"),
    ("Yevgeny", "Evgeny", "Yevgeniy"), ("Nikolai", "Nikolay"), ("Gennady", "Gennadiy"), ("Valery", "Valeriy"), ("Viktor", "Victor"),
    ("Evelyn", "Evelyne"), ("Philip", "Phillip", "Philippe"), ("Jacob", "Jakob"), ("Stephen", "Steven"), ("Therese", "Theresa"),
]
_SPELLINGS = {name: [other for other in names if other != name] for names in _SAME_NAMES for name in names}


def with_spellings(names):
    """Adds, after each full name, the same with one of its parts as other papers spell it."""
    result = list(names)
    for name in names:
        words = name.split()
        for position, word in enumerate(words if len(words) > 1 else []):
            for other in _SPELLINGS.get(word, ()):
                result.append(" ".join(words[:position] + [other] + words[position + 1:]))
    return list(dict.fromkeys(result))


def with_article_forms(names):
    """Adds, after each name with 'al-' or 'el-', the same with a capital or without the hyphen."""
    result = []
    for name in names:
        result.append(name)
        if re.search(r" (?:al|el)-", name):
            result.append(re.sub(r" (al|el)-", lambda found: f" {found[1].title()}-", name))
            result.append(re.sub(r" (al|el)-", lambda found: f" {found[1]} ", name))
        elif re.search(r" (?:Al|El)-", name):
            result.append(re.sub(r" (Al|El)-", lambda found: f" {found[1].lower()}-", name))
    return list(dict.fromkeys(result))


def _clean(name):
    """Returns (name, other names): titles, suffixes and nicknames taken off, capitals put right."""
    name = re.sub(r"\s+", " ", name.replace("“", '"').replace("”", '"')).strip(" ,.;")
    name = re.sub(r",? (?:Jr|Sr)\.?(?=$|\s)|,.*$|\[.*?\]", "", name)
    name = _TITLES.sub("", name)
    words = [_put_capitals_right(word, first=index == 0) for index, word in enumerate(name.split())]
    name = " ".join(words)
    name = re.sub(r"(?<=[a-z])\.(?= )", "", name)
    nickname = re.search(r"[\"']([A-Z][a-z]+)[\"']", name)
    plain = re.sub(r"\s+", " ", re.sub(r"\"[^\"]*\"|(?<=\s)'[^']*'(?=\s)", " ", name)).strip(" ,.")
    names = [f"{nickname[1]} {plain.split()[-1]}"] if nickname and len(plain.split()) > 1 else []
    return plain, names


def _put_capitals_right(word, first):
    if _ROMAN.match(word) and not first:
        return word.upper()
    if len(word) > 3 and word.isupper():
        return re.sub(r"(^|[-'])([A-Z])([A-Z]*)", lambda found: found[1] + found[2] + found[3].lower(), word)
    if word in _LOWER_INSIDE and not first:
        return word.lower()
    return re.sub(r"^(Mc|O')([a-z])", lambda found: found[1] + found[2].upper(), word)


def _ends_in_numeral(name):
    return bool(re.search(r" [IVX]+$", name))
