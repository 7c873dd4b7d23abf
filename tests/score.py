#!/usr/bin/env python3
"""Scores what Faultline reads against labelled public data, and prints one Markdown table.

    tests/score.py [--shared ../shared] [--faultline target/release/faultline] [--limit N]

Runs the scorer of the shared folder, which lies beside the checkout and is not part of it, on every labelled set there.
Writes target/score.json too. Ends with 2 where the data is missing.
"""
import argparse, json, pathlib, subprocess, sys

# Task of the scorer, its data, then for each figure: name in the table, key of the scorer, at least, aim, and what others
# reach on the same scorer (from the design notes of the project, not measured here).
TASKS = [
    ("newsmtsc", "newsmtsc/rw-dev.jsonl", [("sentiment towards a target, real world, macro-F1", "f1m", .67, .73, "VADER .51, linear .66, GRU-TSC .83")]),
    ("newsmtsc", "newsmtsc/mt-dev.jsonl", [("sentiment towards a target, mixed, macro-F1", "f1m", .67, .71, "VADER .48, linear .66, GRU-TSC .82")]),
    ("nyt", "nyt/dev.tsv", [("tone of sentences against 20 people, Pearson", "pearson", .55, .62, "VADER .50, one person .745")]),
    ("persent", "persent/dev.csv", [("sentiment towards the main person, macro-F1", "f1m", .45, .50, "VADER over the article .41, BERT .48")]),
    ("plv", "plv/train.tsv", [
        ("events, PLOVER class, macro-F1", "root_f1", .60, .70, "PETRARCH-2's patterns .48"),
        ("events, quad class, macro-F1", "quad_f1", .75, .83, "PETRARCH-2's patterns .56")]),
    ("ner", "ner/wikigold.txt", [("names, exact spans, WikiGold, F1", "f1", .63, .72, "spaCy medium .623")]),
    ("ner", "ner/politics.txt", [("names, exact spans, politics, F1", "f1", .66, .74, "spaCy medium .666")]),
    ("ngec", "ngec/dev.jsonl", [
        ("country of an actor phrase", "country", .85, .92, ""),
        ("sector of an actor phrase", "sector", .70, .80, "")]),
    ("relocar", "relocar/train.xml", [("place used for its government or people, macro-F1", "f1m", .78, .85, "one rule .71, BERT .84")]),
    ("polnear", "polnear", [
        ("quotes and reported speech, content F1", "content_f1", .60, .68, "a regular expression .47"),
        ("their sources, accuracy", "source_acc", .75, .82, "")]),
    ("neardup", "neardup/articles_1000.train", [("near repeats, F1", "f1", .98, 1.0, "")]),
]


def score(arguments, task, data):
    """The scorer's figures for one set."""
    command = [sys.executable, str(arguments.shared / "eval/score.py"), "--json", "--cmd", f"{arguments.faultline} enrich -", task,
               str(arguments.shared / "eval/data" / data)]
    if arguments.limit:
        command += ["--limit", str(arguments.limit)]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if ended.returncode != 0:
        sys.exit(f"scoring {task} on {data} failed: the scorer ended with {ended.returncode}")
    return json.loads(ended.stdout)


def number(value):
    """A score as it is written in papers: .512, and 1.000."""
    return f"{value:.3f}".removeprefix("0")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    root = pathlib.Path(__file__).resolve().parent.parent
    parser.add_argument("--shared", type=pathlib.Path, default=root.parent / "shared", help="folder that holds eval/score.py")
    parser.add_argument("--faultline", type=pathlib.Path, default=root / "target/release/faultline", help="the program to score")
    parser.add_argument("--limit", type=int, help="only the first so many examples of each set, for iterating")
    arguments = parser.parse_args()
    if not (arguments.shared / "eval/score.py").exists():
        print(f"no eval/score.py in {arguments.shared}: name the folder that holds the labelled data with --shared", file=sys.stderr)
        return 2
    print("| what | score | at least | aim | known figures |\n|---|---|---|---|---|")
    figures, missed = {}, 0
    for task, data, wanted in TASKS:
        found = score(arguments, task, data)
        figures[data] = found
        for what, key, least, aim, known in wanted:
            value, told = found[key], ""
            if value < least:
                missed, told = missed + 1, ": **missed**"
            print(f"| {what} | {number(value)} | {number(least)}{told} | {number(aim)} | {known} |", flush=True)
    out = root / "target/score.json"
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(figures, indent=2) + "\n")
    print(f"\n{missed} below what is asked for, figures in {out.relative_to(root)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
