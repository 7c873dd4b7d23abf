"""A tone for every frequent word: the tone of rated words spread over GloVe's space by kernel ridge regression.

Rated words are VADER's (our `data/tone.tsv`, MIT) and those of T. De Smedt and W. Daelemans (`en-sentiment.xml` of PyPI's
textblob, PDDL).
"""

import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from pathlib import Path

import numpy as np
import textblob

NEUTRAL_WORDS = 7_000
NEUTRAL_AMONG = 20_000
WIDTH = 1.0
RIDGE = 1.0
SEED = 20_261_125
# The second list's scale against VADER's, and what is left of it for words that VADER's raters did not rate.
STRETCH = 3.0
UNCONFIRMED = 0.8


def kernel(one, other):
    """Gaussian kernel of unit vectors."""
    return np.exp(-WIDTH * (2 - 2 * one @ other.T))


def rated_words(tone_file):
    """Valence of each rated word, -4 to 4."""
    lines = (line for line in open(tone_file, encoding="utf8") if not line.startswith("#"))
    next(lines)  # The names of the columns.
    rated = {word: float(valence) for word, valence in (line.rstrip("\n").split("\t") for line in lines)}
    senses = defaultdict(list)
    for entry in ElementTree.parse(Path(textblob.__file__).parent / "en" / "en-sentiment.xml").getroot():
        senses[entry.get("form").lower()].append(float(entry.get("polarity")))
    for word, polarities in senses.items():
        polarity = STRETCH * sum(polarities) / len(polarities)
        rated[word] = (rated[word] + polarity) / 2 if word in rated else UNCONFIRMED * polarity
    return rated


def spread_tones(glove, tone_file):
    """Tone of every row, -4 to 4; 0 for what is no word of letters."""
    of_letters = {word: row for word, row in glove.words.items() if word.isalpha()}
    rated = {of_letters[word]: tone for word, tone in rated_words(tone_file).items() if word in of_letters}
    plain = [row for row in list(of_letters.values())[:NEUTRAL_AMONG] if row not in rated]
    neutral = np.random.default_rng(SEED).choice(plain, NEUTRAL_WORDS, replace=False).tolist()
    known = np.array(list(rated) + neutral)
    values = np.array(list(rated.values()) + [0.0] * len(neutral))
    vectors = glove.vectors / np.linalg.norm(glove.vectors, axis=1, keepdims=True).clip(1e-9)
    vectors = vectors.astype(np.float64)
    weights = np.linalg.solve(kernel(vectors[known], vectors[known]) + RIDGE * np.eye(len(known)), values)
    rows = np.array(list(of_letters.values()))
    tones = np.zeros(len(vectors))
    for part in np.array_split(rows, 40):
        tones[part] = kernel(vectors[part], vectors[known]) @ weights
    return tones.clip(-4, 4)
