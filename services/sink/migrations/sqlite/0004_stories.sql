-- What an article's current revision is about, in a few numbers; empty where its language is not read that far.
ALTER TABLE prints ADD COLUMN sketch BLOB NOT NULL DEFAULT x'';

-- The articles that a word was telling of last, in a few slots for each word: article_key modulo their number.
CREATE TABLE terms (
    term        INTEGER NOT NULL,
    slot        INTEGER NOT NULL,
    article_key INTEGER NOT NULL,
    PRIMARY KEY (term, slot)
) WITHOUT ROWID;

-- Articles that report what others report, too. A story's id is that of the article that it was first seen in.
CREATE TABLE story_articles (
    article_key INTEGER PRIMARY KEY,
    story       TEXT NOT NULL
);
CREATE INDEX story_articles_story ON story_articles (story);

-- Sums over the current revisions of a story's articles, of which there are at least two.
CREATE TABLE stories (
    id        TEXT PRIMARY KEY,
    -- The earliest report, by when it appeared.
    first_key INTEGER NOT NULL,
    first_at  INTEGER NOT NULL,
    last_at   INTEGER NOT NULL,
    articles  INTEGER NOT NULL,
    sources   INTEGER NOT NULL,
    -- The highest, as in articles.
    level     INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX stories_last_at ON stories (last_at);
