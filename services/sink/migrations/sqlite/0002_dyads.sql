-- Asked for with both countries only; most events lack one.
DROP INDEX article_events_dyad;
CREATE INDEX article_events_dyad ON article_events (source_country, target_country, article_key)
    WHERE source_country IS NOT NULL AND target_country IS NOT NULL;
