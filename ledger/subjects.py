"""Whose a posting is: the apps above say, for their kinds, which row it is about, its client and its page."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Case, CharField, Model, OuterRef, Subquery, Value, When
from django.urls import reverse

from ledger.models import Posting, PostingQuerySet


@dataclass(frozen=True, slots=True)
class _About:
    kinds: frozenset[str]
    model: type[Model]
    client: str
    page: str


_ABOUT: list[_About] = []


def postings_are_about(kinds: Collection[str], model: type[Model], *, client: str, page: str) -> None:
    """Postings of these kinds are about a row of the model; ``client`` is its field with the client's name."""
    _ABOUT.append(_About(frozenset(kinds), model, client, page))


def with_clients(postings: PostingQuerySet) -> PostingQuerySet:
    """The postings, each with its ``client_name``, in the same question."""
    named = [
        When(
            kind__in=about.kinds,
            then=Subquery(
                about.model._default_manager.filter(pk=OuterRef("subject_id")).values(about.client)[:1]
            ),
        )
        for about in _ABOUT
    ]
    client_name = Case(*named, default=Value(""), output_field=CharField())
    found: PostingQuerySet = postings.annotate(client_name=client_name)
    return found


def page_about(posting: Posting, practice: str) -> str:
    """The address of what a posting is about; empty where no app has said."""
    page = next((about.page for about in _ABOUT if posting.kind in about.kinds), "")
    return reverse(page, args=[practice, posting.subject_id]) if page else ""
