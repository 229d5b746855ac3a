from django.db import migrations

CREATE = r"""
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

CREATE OR REPLACE FUNCTION clients_words_of_clients(clients bigint[])
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

CREATE FUNCTION clients_client_removed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  DELETE FROM clients_clientword WHERE client_id IN (SELECT id FROM stale);
  RETURN NULL;
END $$;
CREATE TRIGGER words_of_removed AFTER DELETE ON clients_client
  REFERENCING OLD TABLE AS stale FOR EACH STATEMENT EXECUTE FUNCTION clients_client_removed();

SELECT clients_write_words(ARRAY(SELECT id FROM clients_client));
"""


class Migration(migrations.Migration):
    """Among a client's words, its name as one word that names share which differ by no more than their writing."""

    dependencies = [("clients", "0005_words")]
    operations = [migrations.RunSQL(CREATE, migrations.RunSQL.noop)]
