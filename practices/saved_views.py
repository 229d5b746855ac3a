"""Views of a list that a person named and comes back to: filters, sort and columns, kept as a query string."""

from urllib.parse import parse_qsl, urlencode

from practices.errors import DomainError
from practices.models import SavedView, User
from practices.rows import rows_of

#: Where one is in a list belongs to no view of it.
PLACES = {"after", "before", "page"}
MOST = 20


class TooManyViews(DomainError):
    message = f"You have {MOST} views of this list already. Remove one first."


def views_of(user: User, list_name: str) -> list[SavedView]:
    """The person's views of a list, by name."""
    return rows_of(SavedView, "user_id = %s AND list = %s ORDER BY name", user.pk, list_name)


def save_view(user: User, list_name: str, name: str, query: str) -> SavedView:
    """The view under this name, replacing an older one of the name; raises `TooManyViews`."""
    kept = urlencode([(key, value) for key, value in parse_qsl(query.lstrip("?")) if key not in PLACES])
    name = " ".join(name.split())[:40]
    mine = SavedView.objects.filter(user=user, list=list_name)
    if not mine.filter(name=name).exists() and mine.count() >= MOST:
        raise TooManyViews(name)
    view, _ = SavedView.objects.update_or_create(
        user=user, list=list_name, name=name, defaults={"query": kept[:2000]}
    )
    return view
