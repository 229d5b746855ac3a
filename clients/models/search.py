"""Search by beginnings of words, in time that does not grow with the practice.

Triggers keep the words of each client (names, numbers, e-mail addresses, postcodes) in a table with an ordinary
index. Row level security lets an index answer only comparisons that cannot leak, so neither `LIKE` nor text search
would use one; `>=` and `<` do. See docs/decisions/0014-finding-clients.md.
"""

import re
import unicodedata
from typing import Any, TypeVar

from django.db import models
from django.db.models import UniqueConstraint
from django.db.models.functions import Collate

from practices.tenancy import TenantModel

#: Unicode letters by code point, on every machine alike; in PostgreSQL since version 17.
SEARCH_COLLATION = "pg_c_utf8"
#: Longer words are cut: nobody types more.
LONGEST_WORD = 60
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

    client = models.ForeignKey("clients.Client", models.CASCADE, related_name="+", db_index=False)
    word = models.CharField(max_length=LONGEST_WORD, db_collation="C")

    class Meta:
        constraints = [
            UniqueConstraint(fields=["practice", "word", "client"], name="a_client_has_a_word_once")
        ]
        indexes = [models.Index(fields=["practice", "client"], name="words_of_a_client")]

    def __str__(self) -> str:
        return self.word


def clients_with_words(clients: Rows, text: str) -> Rows:
    """The clients that have a word beginning with each word of the text; all of them without any."""
    for word in words_of(text):
        found = ClientWord.objects.filter(
            word__gte=Collate(models.Value(word), "C"), word__lt=Collate(models.Value(word + LAST), "C")
        )
        clients = clients.filter(pk__in=found.values("client"))
    return clients


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
