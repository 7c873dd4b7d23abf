"""Writes the lines that train_names learns from.

    label_names.py silver TEACHER.jsonl OUT.jsonl      what label_teacher.py made of articles
    label_names.py gold SCORE.PY BIO_FILE OUT.jsonl    a labelled set, as plain text like the scorer's

A line is {"id", "text", "names": [[start, end, "PER|ORG|LOC|MISC"], ...]} in code points, articles and possessives left out.
"""

import importlib.util
import json
import re
import sys

ONTONOTES = {"PERSON": "PER", "ORG": "ORG", "GPE": "LOC", "LOC": "LOC", "FAC": "LOC", "NORP": "MISC", "EVENT": "MISC",
             "WORK_OF_ART": "MISC", "PRODUCT": "MISC", "LAW": "MISC", "LANGUAGE": "MISC"}
GOLD = {"per": "PER", "person": "PER", "politician": "PER", "org": "ORG", "organisation": "ORG", "politicalparty": "ORG",
        "loc": "LOC", "location": "LOC", "country": "LOC"}


def trimmed(text, start, end):
    """The name without a leading article and a trailing possessive."""
    article = re.match(r"(?:the|a|an)\s+", text[start:end], re.I)
    start += article.end() if article else 0
    possessive = re.search(r"\s?['’]s?$", text[start:end])
    return start, end - (possessive.end() - possessive.start() if possessive else 0)


def silver(source, out):
    """Names of the teacher's articles; one that runs over a line break is a mistake and left out."""
    for line in source:
        if not line.endswith("\n"):
            break
        article = json.loads(line)
        names = []
        for (start, length, _), label in zip(article["tokens"], article["ent"]):
            place, _, kind = label.partition("-")
            if kind not in ONTONOTES:
                continue
            if place == "B":
                names.append([start, start + length, ONTONOTES[kind]])
            elif names:
                names[-1][1] = start + length
        names = [[*trimmed(article["text"], a, b), kind] for a, b, kind in names if "\n" not in article["text"][a:b]]
        write(out, str(article["id"]), article["text"], [n for n in names if n[0] < n[1]])


def gold(scorer, path, out):
    """Names of a labelled set in the scorer's plain text."""
    spec = importlib.util.spec_from_file_location("score", scorer)
    score = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(score)
    for number, sentence in enumerate(score.read_bio(path)):
        text, spans = score.detok([token for token, _ in sentence])
        names, before = [], ("", "O")
        for (token, tag), span in zip(sentence, spans):
            kind = tag.partition("-")[2].lower()
            if kind and (tag.startswith("B-") or kind != before[1].partition("-")[2].lower()):
                names.append([*span, GOLD.get(kind, "MISC")])
            elif kind:
                names[-1][1] = span[1]
            before = (token, tag)
        names = [[*trimmed(text, a, b), kind] for a, b, kind in names]
        write(out, str(number), text, [n for n in names if n[0] < n[1]])


def write(out, identity, text, names):
    """One line."""
    out.write(json.dumps({"id": identity, "text": text, "names": names}, ensure_ascii=False) + "\n")


def main():
    """Reads the mode and its files."""
    match sys.argv[1:]:
        case ["silver", teacher, out]:
            with open(teacher, encoding="utf8") as source, open(out, "w", encoding="utf8") as target:
                silver(source, target)
        case ["gold", scorer, path, out]:
            with open(out, "w", encoding="utf8") as target:
                gold(scorer, path, target)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
