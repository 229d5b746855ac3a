from django.db import migrations

CREATE = r"""
CREATE FUNCTION clients_words_in(text) RETURNS SETOF text LANGUAGE sql IMMUTABLE
AS $$
  SELECT left(word, 60) FROM regexp_split_to_table(
    lower(regexp_replace(
      regexp_replace(normalize($1, NFKD), '[\u0300-\u036f]', '', 'g'), '[''’.]', '', 'g'
    ) COLLATE pg_c_utf8),
    '[^[:alnum:]]+' COLLATE pg_c_utf8
  ) AS word WHERE word <> ''
$$;

CREATE FUNCTION clients_compact_name(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT left('=' || replace(regexp_replace(regexp_replace(btrim(regexp_replace(
    regexp_replace(
      regexp_replace(
        lower(regexp_replace(normalize($1, NFKD), '[\u0300-\u036f]', '', 'g') COLLATE pg_c_utf8),
        '[&+]', ' and ', 'g'),
      '[''’.]', '', 'g'),
    '[^[:alnum:]]+' COLLATE pg_c_utf8, ' ', 'g')), '^the ', ''),
    ' (?:public limited company|limited liability partnership|limited|ltd|plc|llp|lp|cic|cio|incorporated|inc|llc'
    '|cyfyngedig|cyf|ccc)$', ''), ' ', ''), 60)
$$;

CREATE FUNCTION clients_words_of_clients(clients bigint[])
RETURNS TABLE (practice_id bigint, client_id bigint, word text)
LANGUAGE sql STABLE AS $$
  SELECT c.practice_id, c.id, words.word FROM clients_client c CROSS JOIN LATERAL (
    SELECT clients_words_in(concat_ws(' ', c.name, c.postal_code, c.registered_postal_code)) AS word
    UNION SELECT clients_compact_name(c.name)
    UNION SELECT lower(replace(number, ' ', '')) FROM unnest(
      ARRAY[c.company_number, c.vat_number, regexp_replace(c.vat_number, '^[A-Z]+', ''), c.utr, c.postal_code,
            c.registered_postal_code]
    ) AS number WHERE number <> ''
  ) AS words WHERE c.id = ANY (clients)
$$;

CREATE FUNCTION clients_words_of_people(clients bigint[]) RETURNS TABLE (practice_id bigint, client_id bigint, word text)
LANGUAGE sql STABLE AS $$
  SELECT p.practice_id, p.client_id, words.word FROM clients_contactperson p CROSS JOIN LATERAL (
    SELECT clients_words_in(p.name) AS word
    UNION SELECT clients_words_in(split_part(p.email, '@', 2))
    UNION SELECT left(lower(p.email), 60) WHERE p.email <> ''
  ) AS words WHERE p.client_id = ANY (clients) AND NOT p.has_left
$$;

CREATE FUNCTION clients_write_words(clients bigint[]) RETURNS void LANGUAGE sql AS $$
  DELETE FROM clients_clientword WHERE client_id = ANY (clients);
  INSERT INTO clients_clientword (practice_id, client_id, word)
  SELECT * FROM clients_words_of_clients(clients) UNION SELECT * FROM clients_words_of_people(clients)
$$;

CREATE FUNCTION clients_client_added() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO clients_clientword (practice_id, client_id, word)
  SELECT * FROM clients_words_of_clients(ARRAY(SELECT id FROM fresh)) ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER words_of_added AFTER INSERT ON clients_client
  REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION clients_client_added();

CREATE FUNCTION clients_client_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE changed bigint[]; BEGIN
  SELECT array_agg(fresh.id) INTO changed FROM fresh JOIN stale USING (id)
   WHERE (fresh.name, fresh.company_number, fresh.vat_number, fresh.utr, fresh.postal_code, fresh.registered_postal_code)
      IS DISTINCT FROM
         (stale.name, stale.company_number, stale.vat_number, stale.utr, stale.postal_code, stale.registered_postal_code);
  IF changed IS NOT NULL THEN PERFORM clients_write_words(changed); END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER words_of_changed AFTER UPDATE ON clients_client
  REFERENCING NEW TABLE AS fresh OLD TABLE AS stale FOR EACH STATEMENT EXECUTE FUNCTION clients_client_changed();

CREATE FUNCTION clients_person_added() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO clients_clientword (practice_id, client_id, word)
  SELECT * FROM clients_words_of_people(ARRAY(SELECT DISTINCT client_id FROM fresh)) ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER words_of_added AFTER INSERT ON clients_contactperson
  REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION clients_person_added();

CREATE FUNCTION clients_person_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  PERFORM clients_write_words(ARRAY(SELECT DISTINCT client_id FROM stale));
  RETURN NULL;
END $$;
CREATE TRIGGER words_of_changed AFTER UPDATE ON clients_contactperson
  REFERENCING OLD TABLE AS stale FOR EACH STATEMENT EXECUTE FUNCTION clients_person_changed();
CREATE TRIGGER words_of_removed AFTER DELETE ON clients_contactperson
  REFERENCING OLD TABLE AS stale FOR EACH STATEMENT EXECUTE FUNCTION clients_person_changed();

CREATE FUNCTION clients_client_removed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  DELETE FROM clients_clientword WHERE client_id IN (SELECT id FROM stale);
  RETURN NULL;
END $$;
CREATE TRIGGER words_of_removed AFTER DELETE ON clients_client
  REFERENCING OLD TABLE AS stale FOR EACH STATEMENT EXECUTE FUNCTION clients_client_removed();
"""
DROP = """
DROP TRIGGER words_of_added ON clients_client;
DROP TRIGGER words_of_changed ON clients_client;
DROP TRIGGER words_of_removed ON clients_client;
DROP TRIGGER words_of_added ON clients_contactperson;
DROP TRIGGER words_of_changed ON clients_contactperson;
DROP TRIGGER words_of_removed ON clients_contactperson;
DROP FUNCTION clients_client_removed, clients_client_added, clients_client_changed, clients_person_added, clients_person_changed,
  clients_write_words, clients_words_of_people, clients_words_of_clients,
  clients_compact_name, clients_words_in;
"""


class Migration(migrations.Migration):
    """The words clients are found by, kept by triggers, so that no writer can forget them."""

    replaces = [
        ('clients', '0005_words'),
        ('clients', '0006_compact_names'),
        ('clients', '0011_terms_of_a_client'),
    ]

    dependencies = [('clients', '0001_tables')]

    operations = [
        migrations.RunSQL(CREATE, DROP),
        # Each row is written twice, when it is checked and when it is imported; room beside it keeps the indexes out of
        # the second time.
        migrations.RunSQL(
            'ALTER TABLE clients_importrow SET (fillfactor = 80)', 'ALTER TABLE clients_importrow RESET (fillfactor)'
        ),
    ]
