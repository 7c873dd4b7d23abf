"""A tone for every frequent word: the raters' words' tone spread over GloVe's space by kernel ridge regression."""

import numpy as np

NEUTRAL_WORDS = 3_000
NEUTRAL_AMONG = 20_000
WIDTH = 1.0
RIDGE = 0.5
SEED = 20_261_125


def kernel(one, other):
    """Gaussian kernel of unit vectors."""
    return np.exp(-WIDTH * (2 - 2 * one @ other.T))


def spread_tones(glove, tone_file):
    """Tone of every row, -4 to 4; 0 for what is no word of letters."""
    rated = {}
    lines = (line for line in open(tone_file, encoding="utf8") if not line.startswith("#"))
    next(lines)  # The names of the columns.
    for line in lines:
        word, _, valence = line.rstrip("\n").partition("\t")
        if word in glove.words and word.isalpha():
            rated[glove.words[word]] = float(valence)
    vectors = glove.vectors / np.linalg.norm(glove.vectors, axis=1, keepdims=True).clip(1e-9)
    plain = [row for word, row in list(glove.words.items())[:NEUTRAL_AMONG] if word.isalpha() and row not in rated]
    neutral = np.random.default_rng(SEED).choice(plain, NEUTRAL_WORDS, replace=False).tolist()
    known = np.array(list(rated) + neutral)
    values = np.array(list(rated.values()) + [0.0] * len(neutral))
    weights = np.linalg.solve(kernel(vectors[known], vectors[known]) + RIDGE * np.eye(len(known)), values)
    tones = np.zeros(len(vectors))
    for row in (row for word, row in glove.words.items() if word.isalpha()):
        tones[row] = (kernel(vectors[row : row + 1], vectors[known]) @ weights)[0]
    return tones.clip(-4, 4)
