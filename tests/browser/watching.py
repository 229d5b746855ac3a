"""What goes wrong in a browser without anybody pressing anything."""

from playwright.sync_api import BrowserContext, ConsoleMessage, Request


class Watch:
    """Collects our console errors, script errors and requests to other origins, from any number of browsers."""

    def __init__(self, site: str, sage: str) -> None:
        self.site = site
        self.origins = {site, sage}
        self._noticed: list[str] = []

    def over(self, context: BrowserContext) -> None:
        """Watch every page of this browser."""
        context.on("console", self._console)
        context.on("weberror", lambda error: self._noticed.append(f"script error: {error.error}"))
        context.on("request", self._request)

    def noticed(self) -> list[str]:
        """Everything so far."""
        return self._noticed

    def expect_refusals(self, *statuses: int) -> None:
        """Forget that the console named answers of these statuses: the test asked for them."""
        self.forget(*(f"status of {status}" for status in statuses))

    def forget(self, *words: str) -> None:
        """Forget what was noticed with one of these words in it: the test brought it about."""
        self._noticed = [line for line in self._noticed if not any(word in line for word in words)]

    def _console(self, message: ConsoleMessage) -> None:
        where = message.location.get("url", "")
        if message.type in ("error", "warning") and where.startswith(self.site):
            self._noticed.append(f"console {message.type} on {where}: {message.text}")

    def _request(self, request: Request) -> None:
        origin = "/".join(request.url.split("/", 3)[:3])
        if request.url.startswith("http") and origin not in self.origins:
            self._noticed.append(f"request to another origin: {request.url}")
