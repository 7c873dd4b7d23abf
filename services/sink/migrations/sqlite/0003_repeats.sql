-- When its first revision was taken in: of articles that nearly repeat each other the earliest is the first report.
ALTER TABLE articles ADD COLUMN taken_in INTEGER NOT NULL DEFAULT 0;
UPDATE articles SET taken_in =
    coalesce((SELECT min(r.fetched_at) FROM revisions r WHERE r.article_key = articles.key), fetched_at);

-- What the store finds out about articles together lies in tables of its own, which one transaction at a time writes.
DROP INDEX articles_story;
ALTER TABLE articles DROP COLUMN duplicate_of;
ALTER TABLE articles DROP COLUMN story;

-- What the text of an article's current revision is recognised by, as long as a repeat of it may come.
CREATE TABLE prints (
    article_key INTEGER PRIMARY KEY,
    -- As in articles.
    taken_in    INTEGER NOT NULL,
    print       BLOB NOT NULL
);
CREATE INDEX prints_taken_in ON prints (taken_in);

-- The same by band: near repeats have one in common, nearly always.
CREATE TABLE bands (
    band        INTEGER NOT NULL,
    article_key INTEGER NOT NULL,
    PRIMARY KEY (band, article_key)
) WITHOUT ROWID;

-- Articles that nearly repeat an earlier one, and the earliest such one.
CREATE TABLE repeats (
    article_key INTEGER PRIMARY KEY,
    first_key   INTEGER NOT NULL
);
CREATE INDEX repeats_first ON repeats (first_key);
