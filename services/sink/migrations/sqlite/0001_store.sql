-- Times are milliseconds since 1970 in UTC; what is summed is kept in whole millionths, so that taking a
-- contribution back leaves exactly nothing behind.

-- One row an article: the facts of its current revision.
CREATE TABLE articles (
    key          INTEGER PRIMARY KEY,
    id           TEXT NOT NULL UNIQUE,
    revision     TEXT NOT NULL,
    -- When the current revision was taken in: a revision taken in earlier never becomes current.
    fetched_at   INTEGER NOT NULL,
    -- When it appeared, or was taken in where that is not known: what users search, sort and chart by.
    at           INTEGER NOT NULL,
    stored_at    INTEGER NOT NULL,
    source       TEXT,
    url          TEXT,
    title        TEXT,
    language     TEXT,
    words        INTEGER NOT NULL,
    sentiment    REAL NOT NULL,
    score        REAL NOT NULL,
    -- 0 calm to 4 critical.
    level        INTEGER NOT NULL,
    duplicate_of TEXT,
    story        TEXT
);
CREATE INDEX articles_at ON articles (at);
CREATE INDEX articles_level_at ON articles (level, at);
CREATE INDEX articles_source_at ON articles (source, at);
CREATE INDEX articles_stored_at ON articles (stored_at);
CREATE INDEX articles_story ON articles (story) WHERE story IS NOT NULL;

-- Every revision that ever came, with the enriched document exactly as it came, compressed with zstd.
CREATE TABLE revisions (
    article_key INTEGER NOT NULL,
    revision    TEXT NOT NULL,
    fetched_at  INTEGER NOT NULL,
    stored_at   INTEGER NOT NULL,
    -- Version of the analysis and hash of its knowledge.
    analyzer    TEXT NOT NULL,
    document    BLOB NOT NULL,
    UNIQUE (article_key, revision)
);

CREATE TABLE article_actors (
    article_key INTEGER NOT NULL,
    actor       TEXT NOT NULL,
    name        TEXT NOT NULL,
    kind        TEXT NOT NULL,
    country     TEXT,
    cameo       TEXT,
    mentions    INTEGER NOT NULL,
    salience    REAL NOT NULL,
    sentiment   REAL NOT NULL,
    PRIMARY KEY (article_key, actor)
) WITHOUT ROWID;
CREATE INDEX article_actors_actor ON article_actors (lower(actor), article_key);

-- Every country that an actor, a place or a side of an event belongs to.
CREATE TABLE article_countries (
    article_key INTEGER NOT NULL,
    country     TEXT NOT NULL,
    PRIMARY KEY (article_key, country)
) WITHOUT ROWID;
CREATE INDEX article_countries_country ON article_countries (country, article_key);

CREATE TABLE article_places (
    article_key INTEGER NOT NULL,
    place       TEXT NOT NULL,
    country     TEXT NOT NULL,
    latitude    REAL,
    longitude   REAL,
    mentions    INTEGER NOT NULL,
    PRIMARY KEY (article_key, place, country)
) WITHOUT ROWID;
CREATE INDEX article_places_place ON article_places (place, article_key);

CREATE TABLE article_signals (
    article_key INTEGER NOT NULL,
    category    TEXT NOT NULL,
    direction   TEXT NOT NULL,
    occurrences INTEGER NOT NULL,
    weight      REAL NOT NULL,
    PRIMARY KEY (article_key, category, direction)
) WITHOUT ROWID;
CREATE INDEX article_signals_category ON article_signals (category, article_key);

CREATE TABLE article_events (
    article_key    INTEGER NOT NULL,
    event          TEXT NOT NULL,
    source_actor   TEXT,
    source_country TEXT,
    target_actor   TEXT,
    target_country TEXT,
    plover         TEXT NOT NULL,
    cameo          TEXT NOT NULL,
    quad           TEXT NOT NULL,
    goldstein      REAL NOT NULL,
    direction      TEXT,
    modality       TEXT NOT NULL,
    confidence     REAL NOT NULL,
    sentence       INTEGER NOT NULL,
    PRIMARY KEY (article_key, event)
) WITHOUT ROWID;
CREATE INDEX article_events_dyad ON article_events (source_country, target_country, article_key);

-- Words are folded and stemmed before they get here; the row id is the article's key.
CREATE VIRTUAL TABLE article_text USING fts5 (
    title, body, names,
    content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 0'
);

-- Hourly sums over the current revisions.
CREATE TABLE rollups (
    kind       TEXT NOT NULL,
    key        TEXT NOT NULL,
    hour       INTEGER NOT NULL,
    articles   INTEGER NOT NULL,
    events     INTEGER NOT NULL,
    escalating INTEGER NOT NULL,
    calming    INTEGER NOT NULL,
    goldstein  INTEGER NOT NULL,
    sentiment  INTEGER NOT NULL,
    PRIMARY KEY (kind, key, hour)
) WITHOUT ROWID;
CREATE INDEX rollups_hour ON rollups (kind, hour);

-- The next offset that each consumer group needs, written in the transaction that stores the rows.
CREATE TABLE offsets (
    consumer_group TEXT NOT NULL,
    topic          TEXT NOT NULL,
    partition      INTEGER NOT NULL,
    next_offset    INTEGER NOT NULL,
    PRIMARY KEY (consumer_group, topic, partition)
) WITHOUT ROWID;
