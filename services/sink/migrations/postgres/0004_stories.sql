-- What an article's current revision is about, in a few numbers; empty where its language is not read that far.
ALTER TABLE prints ADD COLUMN sketch BYTEA NOT NULL DEFAULT '';

-- The articles that a word was telling of last, in a few slots for each word: article_key modulo their number.
CREATE TABLE terms (
    term        BIGINT NOT NULL,
    slot        BIGINT NOT NULL,
    article_key BIGINT NOT NULL,
    PRIMARY KEY (term, slot)
);

-- Articles that report what others report, too. A story's id is that of the article that it was first seen in.
CREATE TABLE story_articles (
    article_key BIGINT PRIMARY KEY,
    story       TEXT COLLATE "C" NOT NULL
);
CREATE INDEX story_articles_story ON story_articles (story);

-- Sums over the current revisions of a story's articles, of which there are at least two.
CREATE TABLE stories (
    id        TEXT COLLATE "C" PRIMARY KEY,
    -- The earliest report, by when it appeared.
    first_key BIGINT NOT NULL,
    first_at  BIGINT NOT NULL,
    last_at   BIGINT NOT NULL,
    articles  BIGINT NOT NULL,
    sources   BIGINT NOT NULL,
    -- The highest, as in articles.
    level     BIGINT NOT NULL
);
CREATE INDEX stories_last_at ON stories (last_at);
