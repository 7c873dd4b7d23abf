"""Spellings of names: ASCII forms, slugs, and capitals where a source has lost or misplaced them."""

import re
import unicodedata

_SPECIAL = str.maketrans({
    "đ": "dj", "Đ": "Dj", "ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "ı": "i", "ß": "ss", "æ": "ae", "Æ": "Ae", "œ": "oe",
    "Œ": "Oe", "þ": "th", "Þ": "Th", "ð": "d", "Ð": "D", "ə": "e", "Ə": "E", "’": "'", "‘": "'", "ʻ": "'", "ʼ": "'", "ʿ": "",
    "ʾ": "", "–": "-", "—": "-",
})

_PARTICLES = {"bin", "ibn", "bint", "van", "der", "den", "de", "del", "di", "du", "da", "dos", "das", "la", "le", "von",
              "zu", "und", "y", "ter", "of", "the", "and", "for", "in", "on", "to", "des", "et", "e", "al", "el", "ul", "ur"}
_SHORT_FORMS = {"us", "usa", "un", "eu", "uk", "hiv", "aids", "unifem", "inc"}
_SMALL_WORDS = {"of", "the", "and", "for", "in", "on", "to", "de", "del", "la", "le", "des", "et", "du", "da", "e", "y"}


def ascii_form(text):
    """Returns the text without diacritics, as wire agencies spell it (Vučić: Vucic)."""
    plain = unicodedata.normalize("NFKD", text.translate(_SPECIAL))
    return "".join(char for char in plain if ord(char) < 128)


def fold(text):
    """Returns the key under which two spellings of a name count as one."""
    plain = ascii_form(text).lower().replace("'", "")
    return re.sub(r"[^a-z0-9]+", " ", plain).strip()


def slug(text):
    """Returns the ASCII slug that goes into an id (Vučić: vucic)."""
    return fold(text).replace(" ", "-")


def with_ascii_forms(names, skip=()):
    """Adds the ASCII form after each name that has one of its own, unless it is in `skip`."""
    result = []
    for name in names:
        result.append(name)
        plain = ascii_form(name)
        if plain != name and len(plain) > 2 and plain not in skip:
            result.append(plain)
        if "'" in name:
            result.append(name.replace("'", "’"))
    return list(dict.fromkeys(result))


def capitalise_name(text):
    """Gives a person's name from an all-capitals source its usual capitals (AL_ASSAD: al-Assad)."""
    words = text.replace("_", " ").split()
    result = []
    for index, word in enumerate(words):
        lower = word.lower()
        if index and lower in _PARTICLES:
            result.append(lower)
            continue
        result.append(_capitalise_word(lower))
    joined = re.sub(r"(?<= )(?:Ii|Iii|Iv|Vi|Vii|Viii|Ix|Xi|Xii|Xiii|Xiv|Xv|Xvi)$", lambda found: found[0].upper(), " ".join(result))
    return re.sub(r"\b([aA]l|[eE]l|[aA]s|[aA]n|[aA]r|[aA]d) (?=[A-Z])", lambda found: found.group(1).lower() + "-", joined)


def _capitalise_word(word):
    word = re.sub(r"(^|[-'.])([a-z])", lambda found: found.group(1) + found.group(2).upper(), word)
    word = re.sub(r"^(Mc)([a-z])", lambda found: found.group(1) + found.group(2).upper(), word)
    return re.sub(r"^(Al|El)-", lambda found: found.group(1).lower() + "-", word) if word.startswith(("Al-", "El-")) else word


def capitalise_title(text):
    """Gives an organisation's name from an all-capitals source its usual capitals."""
    words = text.replace("_", " ").split()
    result = []
    for index, word in enumerate(words):
        lower = word.lower()
        if index and lower in _SMALL_WORDS:
            result.append(lower)
        elif lower in _SHORT_FORMS:
            result.append(word.upper())
        else:
            result.append(re.sub(r"(^|[-/(.])([a-z])", lambda found: found.group(1) + found.group(2).upper(), lower))
    return " ".join(result)
