"""Which handler answers which path of `/v3.1`, on which plans and for which roles (FACTS.md 16)."""

from collections.abc import Callable
from dataclasses import dataclass

from sage_sandbox.errors import Refusal, entry, forbidden, not_found, role_missing
from sage_sandbox.exchange import Answer, Call
from sage_sandbox.store import Doc

Handler = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """One operation: its handler, the role areas of which one is needed, the GB plans that have it."""

    handler: Handler
    areas: tuple[str, ...] = ()
    plans: str = "PST"
    about_business: bool = True


class Router:
    """Routes by method, resource and shape (`list`, `one`, `release`)."""

    def __init__(self) -> None:
        self._routes: dict[tuple[str, str, str], Route] = {}

    def add(self, method: str, resource: str, shape: str, route: Route) -> None:
        """Add one operation."""
        self._routes[method, resource, shape] = route

    def match(self, call: Call) -> Route:
        """The operation for the request, whose key is noted on it; raises 404 or 405."""
        parts = call.resource.strip("/").split("/")
        shape = {1: "list", 2: "one"}.get(len(parts), parts[-1] if len(parts) == 3 else "")
        call.key = parts[1] if len(parts) > 1 else ""
        route = self._routes.get((call.method, parts[0], shape))
        if route is not None:
            return route
        if any(known[1:] == (parts[0], shape) for known in self._routes):
            raise Refusal(405, [entry("This method is not allowed here.", "", "MethodNotAllowed")])
        raise not_found()


def check_access(call: Call, route: Route, business: Doc) -> None:
    """Raise 403 when the plan lacks the operation or the user's role does not allow it."""
    plans = route.plans
    if (call.method, call.resource) == ("POST", "/sales_credit_notes") and call.sage.switches[
        "credit_notes_on_standard"
    ]:
        plans += "S"
    if business["plan"] not in plans:
        raise forbidden("This feature is not available on the subscription of this business.")
    if route.areas and not set(route.areas) - set(business["missing_roles"]):
        raise role_missing()
