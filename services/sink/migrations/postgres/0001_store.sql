-- Times are milliseconds since 1970 in UTC; what is summed is kept in whole millionths, so that taking a
-- contribution back leaves exactly nothing behind.

CREATE SEQUENCE article_keys;

-- One row an article: the facts of its current revision.
CREATE TABLE articles (
    key          BIGINT PRIMARY KEY,
    id           TEXT COLLATE "C" NOT NULL UNIQUE,
    revision     TEXT NOT NULL,
    -- When the current revision was taken in: a revision taken in earlier never becomes current.
    fetched_at   BIGINT NOT NULL,
    -- When it appeared, or was taken in where that is not known: what users search, sort and chart by.
    at           BIGINT NOT NULL,
    stored_at    BIGINT NOT NULL,
    source       TEXT,
    url          TEXT,
    title        TEXT,
    language     TEXT,
    words        BIGINT NOT NULL,
    sentiment    DOUBLE PRECISION NOT NULL,
    score        DOUBLE PRECISION NOT NULL,
    -- 0 calm to 4 critical.
    level        BIGINT NOT NULL,
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
    article_key BIGINT NOT NULL,
    revision    TEXT NOT NULL,
    fetched_at  BIGINT NOT NULL,
    stored_at   BIGINT NOT NULL,
    -- Version of the analysis and hash of its knowledge.
    analyzer    TEXT NOT NULL,
    document    BYTEA NOT NULL,
    UNIQUE (article_key, revision)
);
-- It is compressed already.
ALTER TABLE revisions ALTER COLUMN document SET STORAGE EXTERNAL;

CREATE TABLE article_actors (
    article_key BIGINT NOT NULL,
    actor       TEXT NOT NULL,
    name        TEXT NOT NULL,
    kind        TEXT NOT NULL,
    country     TEXT,
    cameo       TEXT,
    mentions    BIGINT NOT NULL,
    salience    DOUBLE PRECISION NOT NULL,
    sentiment   DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (article_key, actor)
);
CREATE INDEX article_actors_actor ON article_actors (lower(actor COLLATE "C"), article_key);

-- Every country that an actor, a place or a side of an event belongs to.
CREATE TABLE article_countries (
    article_key BIGINT NOT NULL,
    country     TEXT NOT NULL,
    PRIMARY KEY (article_key, country)
);
CREATE INDEX article_countries_country ON article_countries (country, article_key);

CREATE TABLE article_places (
    article_key BIGINT NOT NULL,
    place       TEXT NOT NULL,
    country     TEXT NOT NULL,
    latitude    DOUBLE PRECISION,
    longitude   DOUBLE PRECISION,
    mentions    BIGINT NOT NULL,
    PRIMARY KEY (article_key, place, country)
);
CREATE INDEX article_places_place ON article_places (place, article_key);

CREATE TABLE article_signals (
    article_key BIGINT NOT NULL,
    category    TEXT NOT NULL,
    direction   TEXT NOT NULL,
    occurrences BIGINT NOT NULL,
    weight      DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (article_key, category, direction)
);
CREATE INDEX article_signals_category ON article_signals (category, article_key);

CREATE TABLE article_events (
    article_key    BIGINT NOT NULL,
    event          TEXT NOT NULL,
    source_actor   TEXT,
    source_country TEXT,
    target_actor   TEXT,
    target_country TEXT,
    plover         TEXT NOT NULL,
    cameo          TEXT NOT NULL,
    quad           TEXT NOT NULL,
    goldstein      DOUBLE PRECISION NOT NULL,
    direction      TEXT,
    modality       TEXT NOT NULL,
    confidence     DOUBLE PRECISION NOT NULL,
    sentence       BIGINT NOT NULL,
    PRIMARY KEY (article_key, event)
);
CREATE INDEX article_events_dyad ON article_events (source_country, target_country, article_key);

-- Words are folded and stemmed before they get here. Words of the title have weight A.
CREATE TABLE article_text (
    article_key BIGINT PRIMARY KEY,
    words       TSVECTOR NOT NULL,
    names       TSVECTOR NOT NULL
);
CREATE INDEX article_text_words ON article_text USING gin (words);
CREATE INDEX article_text_names ON article_text USING gin (names);

-- Hourly sums over the current revisions.
CREATE TABLE rollups (
    kind       TEXT NOT NULL,
    key        TEXT NOT NULL,
    hour       BIGINT NOT NULL,
    articles   BIGINT NOT NULL,
    events     BIGINT NOT NULL,
    escalating BIGINT NOT NULL,
    calming    BIGINT NOT NULL,
    goldstein  BIGINT NOT NULL,
    sentiment  BIGINT NOT NULL,
    PRIMARY KEY (kind, key, hour)
);
CREATE INDEX rollups_hour ON rollups (kind, hour);

-- The next offset that each consumer group needs, written in the transaction that stores the rows.
CREATE TABLE offsets (
    consumer_group TEXT NOT NULL,
    topic          TEXT NOT NULL,
    partition      BIGINT NOT NULL,
    next_offset    BIGINT NOT NULL,
    PRIMARY KEY (consumer_group, topic, partition)
);
