"""What the model sees of each mention, as the crate itself writes it down (`export_sentiment`)."""

import json
import re
import subprocess

import numpy as np

# Corpus articles are cut to this many characters, and give at most this many mentions each.
MAX_CHARACTERS = 12_000
MENTIONS = 7
CLASS_OF_POLARITY = {2.0: 0, 4.0: 1, 6.0: 2}


class Lessons:
    """Mentions: for each, keys, signs and places of the units in reach; and labels where there are."""

    def __init__(self, keys, signs, places, labels=None):
        self.keys, self.signs, self.places, self.labels = keys, signs, places, labels

    def __len__(self):
        return len(self.keys)

    @classmethod
    def read(cls, lines, labels=None):
        """From the exporter's lines."""
        keys, signs, places = [], [], []
        for line in lines:
            lesson = json.loads(line)
            keys.append(np.array([unit[0] for unit in lesson], np.int64))
            signs.append(np.array([unit[1] for unit in lesson], np.float32))
            places.append(np.array([unit[2] for unit in lesson], np.int64))
        return cls(keys, signs, places, labels)

    @classmethod
    def joined(cls, one, other):
        """Both, without labels."""
        return cls(one.keys + other.keys, one.signs + other.signs, one.places + other.places)

    def part(self, chosen):
        """Those that are true in `chosen`."""
        numbers = np.flatnonzero(chosen)
        pick = lambda values: [values[number] for number in numbers]
        return Lessons(pick(self.keys), pick(self.signs), pick(self.places), self.labels[numbers])


def export(exporter, mode, articles):
    """Lines of the exporter for articles."""
    text = "".join(json.dumps(article) + "\n" for article in articles)
    done = subprocess.run([exporter, *mode], input=text.encode(), capture_output=True, check=True)
    return done.stdout.decode().splitlines()


def labelled_lessons(exporter, newsmtsc):
    """Lessons of NewsMTSC's training file with their labels, and the news event of each."""
    articles, labels, events = [], [], []
    for line in open(newsmtsc, encoding="utf8"):
        row = json.loads(line)
        targets = [{"start": target["from"], "end": target["to"]} for target in row["targets"]]
        articles.append({"id": "", "text": row["sentence_normalized"], "targets": targets})
        event = re.match(r"[^_]*_\d+_\d+", row["primary_gid"])
        for target in row["targets"]:
            labels.append(CLASS_OF_POLARITY[target["polarity"]])
            events.append(event.group(0) if event else row["primary_gid"])
    return Lessons.read(export(exporter, ["lessons"], articles), np.array(labels)), events


def corpus_lessons(exporter, corpus):
    """Lessons of the first actors of each article of the corpus, without labels."""
    articles = []
    for line in open(corpus, encoding="utf8"):
        row = json.loads(line)
        text = (row.get("content_original") or "")[:MAX_CHARACTERS]
        articles.append({"id": "", "title": row.get("title"), "text": text})
    with_mentions = export(exporter, ["mentions", str(MENTIONS)], articles)
    lines = export(exporter, ["lessons"], map(json.loads, with_mentions))
    return Lessons.read(line for line in lines if line != "[]")
