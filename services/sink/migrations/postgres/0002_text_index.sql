-- Words are put into the index by a connection beside the one that writes, twice a second. Were the list of what is not
-- yet in it as short as by default (4 MB), every 300th article would wait for all of them.
ALTER INDEX article_text_words SET (gin_pending_list_limit = 65536);
ALTER INDEX article_text_names SET (gin_pending_list_limit = 65536);

-- The tries to compress these cost more than they save.
ALTER TABLE article_text ALTER COLUMN words SET STORAGE EXTERNAL;
