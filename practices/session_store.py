"""Django's sessions in the database, read with a question that is planned once."""

from functools import cache

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone

from practices.prepared import Prepared
from practices.rows import columns_of, cut


class SessionStore(db.SessionStore):
    """As Django's own, which puts the same question together again for every request."""

    def _get_session_from_db(self) -> Session | None:
        with connection.cursor() as cursor:
            cursor.execute(_statement(), [self.session_key, timezone.now()])
            found = cursor.fetchone()
        if found is None:
            self._session_key = None
            return None
        session: Session = cut(found, [Session])[0]
        return session


@cache
def _statement() -> Prepared:
    return Prepared(
        f"SELECT {columns_of(Session)} FROM django_session WHERE session_key = %s AND expire_date > %s"  # noqa: S608 - names of ours
    )
