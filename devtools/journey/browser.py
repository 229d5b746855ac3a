"""A browser without a screen: cookies, links, forms as they stand in the page."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin

import requests


class NotAsExpected(Exception):
    """The product or Sage answered something else than the main job needs."""


@dataclass
class Form:
    """A form of a page, with what submitting it untouched would send."""

    action: str
    method: str
    values: dict[str, str] = field(default_factory=dict)
    #: The choices of each select and radio group: value and label.
    choices: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)
    words: str = ""

    def choose(self, name: str, *, containing: str) -> str:
        """The value of the first choice whose label contains these words (any case)."""
        for value, label in self.choices.get(name, []):
            if containing.lower() in label.lower():
                return value
        raise NotAsExpected(f"No choice of {name} contains “{containing}”: {self.choices.get(name)}")


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[Form] = []
        self.links: list[tuple[str, str]] = []
        self.text: list[str] = []
        self._form: Form | None = None
        self._select = self._textarea = ""
        self._option: list[str] | None = None
        self._link: list[str] | None = None
        self._button: list[str] | None = None
        self._label: list[str] | None = None
        self._labels: dict[str, str] = {}
        self._radio: tuple[str, str] | None = None
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        starts = getattr(self, f"_start_{tag}", None)
        if starts:
            starts(given)

    def handle_endtag(self, tag: str) -> None:
        ends = getattr(self, f"_end_{tag}", None)
        if ends:
            ends()

    def handle_data(self, data: str) -> None:
        if self._hidden:
            return
        self.text.append(data)
        for open_text in (self._option, self._link, self._button, self._label):
            if open_text is not None:
                open_text.append(data)
        if self._form:
            self._form.words += data
            if self._textarea:
                self._form.values[self._textarea] += data

    def _start_script(self, _: dict[str, str]) -> None:
        self._hidden += 1

    def _end_script(self) -> None:
        self._hidden -= 1

    _start_style, _end_style = _start_script, _end_script

    def _start_form(self, given: dict[str, str]) -> None:
        self._form = Form(given.get("action", ""), given.get("method", "get").lower())
        self.forms.append(self._form)

    def _end_form(self) -> None:
        self._form = None

    def _start_input(self, given: dict[str, str]) -> None:
        name, kind = given.get("name", ""), given.get("type", "text")
        if not self._form or not name or "disabled" in given:
            return
        if kind == "submit":
            self._form.buttons.append((name, given.get("value", ""), given.get("value", "")))
        elif kind == "radio":
            self._form.choices.setdefault(name, []).append((given.get("value", "on"), ""))
            self._radio = (name, given.get("value", "on"))
            if "checked" in given:
                self._form.values[name] = given.get("value", "on")
        elif kind != "checkbox" or "checked" in given:
            self._form.values[name] = given.get("value", "on" if kind == "checkbox" else "")

    def _start_textarea(self, given: dict[str, str]) -> None:
        if self._form and given.get("name"):
            self._textarea = given["name"]
            self._form.values[self._textarea] = ""

    def _end_textarea(self) -> None:
        if self._form and self._textarea:
            text = self._form.values[self._textarea]
            self._form.values[self._textarea] = text.removeprefix("\r\n").removeprefix("\n")
        self._textarea = ""

    def _start_select(self, given: dict[str, str]) -> None:
        if self._form and given.get("name") and "disabled" not in given:
            self._select = given["name"]
            self._form.choices[self._select] = []

    def _end_select(self) -> None:
        self._end_option()
        self._select = ""

    def _start_option(self, given: dict[str, str]) -> None:
        self._end_option()
        if self._form and self._select:
            self._option = []
            value = given.get("value", "")
            self._form.choices[self._select].append((value, ""))
            if "selected" in given or len(self._form.choices[self._select]) == 1:
                self._form.values[self._select] = value

    def _end_option(self) -> None:
        if self._form and self._select and self._option is not None:
            value, _ = self._form.choices[self._select][-1]
            self._form.choices[self._select][-1] = (value, _joined(self._option))
        self._option = None

    def _start_label(self, _: dict[str, str]) -> None:
        self._label, self._radio = [], None

    def _end_label(self) -> None:
        if self._form and self._radio and self._label is not None:
            name, value = self._radio
            choices = self._form.choices[name]
            choices[choices.index((value, ""))] = (value, _joined(self._label))
        self._label = None

    def _start_button(self, given: dict[str, str]) -> None:
        self._button = []
        if self._form and given.get("type", "submit") == "submit" and "disabled" not in given:
            self._form.buttons.append((given.get("name", ""), given.get("value", ""), ""))

    def _end_button(self) -> None:
        if self._form and self._form.buttons and self._button is not None:
            name, value, _ = self._form.buttons[-1]
            self._form.buttons[-1] = (name, value, _joined(self._button))
        self._button = None

    def _start_a(self, given: dict[str, str]) -> None:
        if "href" in given:
            self.links.append((given["href"], ""))
            self._link = []

    def _end_a(self) -> None:
        if self._link is not None:
            self.links[-1] = (self.links[-1][0], _joined(self._link))
        self._link = None


def _joined(parts: list[str]) -> str:
    return " ".join("".join(parts).split())


class Page:
    """An answer that has arrived, with what a person could do next."""

    def __init__(self, answer: requests.Response) -> None:
        self.url = answer.url
        self.status = answer.status_code
        parsed = _Page()
        parsed.feed(answer.text)
        self.forms, self.links = parsed.forms, parsed.links
        self.text = _joined(parsed.text)

    def form(self, containing: str) -> Form:
        """The first form whose address or words contain this."""
        for form in self.forms:
            if containing in form.action or containing.lower() in form.words.lower():
                return form
        raise NotAsExpected(f"No form about “{containing}” on {self.url}; the page says: {self.text[:600]}")

    def form_asking(self, field: str) -> Form:
        """The first form with a field of this name."""
        for form in self.forms:
            if field in form.values or field in form.choices:
                return form
        raise NotAsExpected(f"No form asks for {field} on {self.url}; the page says: {self.text[:600]}")

    def link(self, containing: str) -> str:
        """The address of the first link whose words or address contain this."""
        for href, words in self.links:
            if containing.lower() in words.lower() or containing in href:
                return urljoin(self.url, href)
        raise NotAsExpected(f"No link “{containing}” on {self.url}; the page says: {self.text[:600]}")


class Browser:
    """One person's browser: its cookies stay between pages."""

    def __init__(self, base_url: str, *, phone: bool = False) -> None:
        self.base_url = base_url
        self.session = requests.Session()
        self.session.trust_env = False
        device = (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)"
            if phone
            else "Mozilla/5.0 (X11; Linux x86_64)"
        )
        self.session.headers.update({"User-Agent": f"{device} Journey", "Accept": "text/html"})

    def open(self, address: str) -> Page:
        """The page at an address of ours or elsewhere; raises `NotAsExpected` for an error page."""
        return self._arrived(self.session.get(urljoin(self.base_url, address), timeout=60))

    def submit(self, page: Page, form: Form, /, *, button: str = "", **values: str) -> Page:
        """The page after submitting a form with these values changed, pressing the button with these words."""
        return self._arrived(self.send(page, form, values, button=button))

    def send(
        self, page: Page, form: Form, values: dict[str, str], *, button: str, follow: bool = True
    ) -> requests.Response:
        """The answer to submitting a form, whatever it is; redirects are followed unless told otherwise."""
        data = form.values | values
        for name, value, words in form.buttons:
            if name and button and button.lower() in words.lower():
                data[name] = value
                break
        address = urldefrag(urljoin(page.url, form.action)).url
        headers = {"Referer": page.url, "Origin": "/".join(page.url.split("/", 3)[:3])}
        if form.method == "get":
            return self.session.get(address, params=data, headers=headers, timeout=60, allow_redirects=follow)
        return self.session.post(address, data=data, headers=headers, timeout=60, allow_redirects=follow)

    def _arrived(self, answer: requests.Response) -> Page:
        page = Page(answer)
        if answer.status_code >= 400:
            raise NotAsExpected(f"{answer.url} answered {answer.status_code}: {page.text[:800]}")
        return page
