-- Words are put into the index by a connection beside the one that writes, twice a second. Were the list of what is not
-- yet in it as short as by default (4 MB), every 300th article would wait for all of them.
ALTER INDEX article_text_words SET (gin_pending_list_limit = 65536);
ALTER INDEX article_text_names SET (gin_pending_list_limit = 65536);

-- The tries to compress these cost more than they save.
ALTER TABLE article_text ALTER COLUMN words SET STORAGE EXTERNAL;

-- Asked for with both countries only; most events lack one.
DROP INDEX article_events_dyad;
CREATE INDEX article_events_dyad ON article_events (source_country, target_country, article_key)
    WHERE source_country IS NOT NULL AND target_country IS NOT NULL;

-- Compared byte by byte, whatever the order of the database's language: keys need no other, and it costs many times as much.
ALTER TABLE revisions ALTER COLUMN revision TYPE TEXT COLLATE "C";
ALTER TABLE article_actors ALTER COLUMN actor TYPE TEXT COLLATE "C";
ALTER TABLE article_countries ALTER COLUMN country TYPE TEXT COLLATE "C";
ALTER TABLE article_places ALTER COLUMN place TYPE TEXT COLLATE "C", ALTER COLUMN country TYPE TEXT COLLATE "C";
ALTER TABLE article_signals
    ALTER COLUMN category TYPE TEXT COLLATE "C", ALTER COLUMN direction TYPE TEXT COLLATE "C";
ALTER TABLE article_events ALTER COLUMN event TYPE TEXT COLLATE "C",
    ALTER COLUMN source_country TYPE TEXT COLLATE "C", ALTER COLUMN target_country TYPE TEXT COLLATE "C";
ALTER TABLE rollups ALTER COLUMN kind TYPE TEXT COLLATE "C", ALTER COLUMN key TYPE TEXT COLLATE "C";
