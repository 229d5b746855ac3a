"""Search by beginnings of words, in time that does not grow with the practice.

Triggers keep the words of each client (names, numbers, e-mail addresses, postcodes) in a table with an ordinary
index. Row level security lets an index answer only comparisons that cannot leak, so neither `LIKE` nor text search
would use one; `>=` and `<` do. See docs/decisions/0014-finding-clients.md.
"""

import re
import unicodedata
from collections.abc import Collection
from typing import Any, TypeVar

from django.db import connection, models
from django.db.models import F, Lookup, Q, UniqueConstraint

from practices.arrays import Ids, array
from practices.tenancy import TenantModel, acting_practice_id, practice_key
from practices.written import Given

#: Unicode letters by code point, on every machine alike; in PostgreSQL since version 17.
SEARCH_COLLATION = "pg_c_utf8"
#: Longer words are cut: nobody types more.
LONGEST_WORD = 60
ONE_WORD = (
    "SELECT client_id FROM clients_clientword"
    ' WHERE practice_id = %s AND word >= %s COLLATE "C" AND word < %s COLLATE "C"'
)
#: Up to here ids are quicker told one by one than as an array.
FEW = 20
#: Up to here rows are sooner read by their ids and sorted than found along an index that is in order.
SOON_SORTED = 2000
#: At the end of a name these tell nothing; the trigger's function lists the same.
LEGAL_FORMS = (
    "public limited company|limited liability partnership|limited|ltd|plc|llp|lp|cic|cio|incorporated|inc|llc"
    "|cyfyngedig|cyf|ccc"
)
#: After every letter there is.
LAST = "\U0010ffff"
Rows = TypeVar("Rows", bound="models.QuerySet[Any]")


class ClientWord(TenantModel):
    """A word under which a client is found; written by the database alone."""

    # Every index begins with the practice, so none for it alone: the planner would take that one.
    practice = practice_key(db_index=False, db_constraint=False)
    #: A client of the practice. No foreign key: triggers alone write and delete here, and eight checks a client cost
    #: as much as the client.
    client_id = models.BigIntegerField()
    word = models.CharField(max_length=LONGEST_WORD, db_collation="C")

    class Meta:
        constraints = [
            UniqueConstraint(fields=["practice", "word", "client_id"], name="a_client_has_a_word_once")
        ]
        indexes = [models.Index(fields=["practice", "client_id"], name="words_of_a_client")]

    def __str__(self) -> str:
        return self.word


def clients_with_words(clients: Rows, text: str) -> Rows:
    """The clients that have a word beginning with each word of the text; all of them without any.

    The words are looked up at once and apart: the planner takes the policies of two tables as independent, and
    would go through one for each row of the other.
    """
    words = words_of(text)
    if not words:
        return clients
    return clients.filter(is_among("pk", _with_words(words)))


def ids_with_words(text: str) -> Ids:
    """The ids of the acting practice's clients that `clients_with_words` finds; none without any word."""
    words = words_of(text)
    return _with_words(words) if words else Ids()


def is_among(name: str, ids: Collection[int]) -> Q:
    """Whether a column of a row is one of these ids: each by itself while they are few, else held against one array.

    Of an array the planner knows how many it holds, and the server looks each row up in it at once: as a table of its
    own (`unnest`) it would be gone through id by id, whatever the order that is asked for.
    """
    return Q(**{f"{name}__in": list(ids)}) if len(ids) <= FEW else Q(_AnyOf(F(name), array(ids)))


def is_among_sorted(name: str, ids: Collection[int]) -> Q:
    """The same where a page of the rows is asked for in some order.

    Up to some thousands are read by their ids and then put in order, in half the time it takes to walk along the
    order past all others; of more than that, a page is soon found on the way.
    """
    if FEW < len(ids) <= SOON_SORTED:
        return Q(_AnyOfHidden(F(name), array(ids)))
    return is_among(name, ids)


def is_among_given(name: str, ids: Given) -> Q:
    """The same of ids that are only known when a written question is asked.

    The server is not shown how many there are: it would ask its statistics about each of them, and more than once.
    """
    return Q(_AnyOfGiven(F(name), ids))


def is_one_of_given(name: str, ids: Given) -> Q:
    """The same for rows that are gone through anyway: each is looked up among the ids, and no index goes by them."""
    return Q(_OneOfGiven(F(name), ids))


class _AnyOf(Lookup):
    """`column = ANY(array)`."""

    prepare_rhs = False
    array = "%s::bigint[]"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """The comparison and its parameters."""
        column, parameters = self.process_lhs(compiler, connection)
        return f"{column} = ANY({self.array})", (*parameters, self.rhs)


class _AnyOfHidden(_AnyOf):
    """The same of an array the planner is not shown, so that it expects few."""

    array = "(SELECT %s::bigint[])::bigint[]"


class _AnyOfGiven(Lookup):
    """`column = ANY((SELECT array)::bigint[])`: without the cast it would be held against rows."""

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """The comparison and its parameters."""
        column, parameters = self.process_lhs(compiler, connection)
        ids, given = compiler.compile(self.rhs)
        return f"{column} = ANY((SELECT {ids}::bigint[])::bigint[])", (*parameters, *given)


class _OneOfGiven(Lookup):
    """`column IN (SELECT unnest(array))` as a test: as a condition it would be joined, and an index chosen for it."""

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """The comparison and its parameters."""
        column, parameters = self.process_lhs(compiler, connection)
        ids, given = compiler.compile(self.rhs)
        return f"({column} IN (SELECT unnest({ids}::bigint[]))) IS TRUE", (*parameters, *given)


def _with_words(words: list[str]) -> Ids:
    """The ids of the acting practice's clients that have a word beginning with each of these."""
    practice_id = acting_practice_id()
    values: list[str | int] = []
    for word in words:
        values += [practice_id, word, word + LAST]
    with connection.cursor() as cursor:
        cursor.execute(Ids.SQL.format(rows=" INTERSECT ".join([ONE_WORD] * len(words))), values)
        return Ids(*cursor.fetchone())


def compact_name(name: str) -> str:
    """The name as one word that names share which differ by legal form, `&`, case, accents, spaces or punctuation.

    The database keeps the same of every client among its words, as `=harbourbakery`.
    """
    plain = re.sub("[\u0300-\u036f]", "", unicodedata.normalize("NFKD", name)).lower()
    plain = re.sub(r"['’.]", "", re.sub(r"[&+]", " and ", plain))
    plain = re.sub(r"[\W_]+", " ", plain).strip()
    plain = re.sub(rf" (?:{LEGAL_FORMS})$", "", re.sub("^the ", "", plain))
    return f"={plain.replace(' ', '')}"[:LONGEST_WORD]


def words_of(text: str) -> list[str]:
    """What is looked for, cut as the database cuts names: without accents, case, apostrophes and full stops.

    Something with an @ stays whole, and so does a number or postcode that was typed with spaces.
    """
    plain = unicodedata.normalize("NFKD", text.replace("\0", ""))
    plain = re.sub("[\u0300-\u036f]", "", plain).lower().strip()
    if "@" in plain:
        return [part[:LONGEST_WORD] for part in plain.split()]
    if re.fullmatch(r"(?:[a-z]{2})?[\d\s]{6,}", plain):
        return ["".join(plain.split())[:LONGEST_WORD]]
    plain = re.sub(r"['’.]", "", plain)
    return [part[:LONGEST_WORD] for part in re.split(r"[\W_]+", plain) if part]
