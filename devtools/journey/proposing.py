"""Writing a proposal as a person does: the client first, then service by service under its own billing rule."""

from collections.abc import Iterable
from dataclasses import dataclass

from devtools.journey.browser import Browser, Form, NotAsExpected, Page


@dataclass(frozen=True, slots=True)
class Offered:
    """A service of the library, how many, and its rule: `upfront`, `on_completion` or `recurring:3:month`."""

    name: str
    rule: str
    quantity: str = "1"


def draft(
    owner: Browser, practice: str, client: str, services: Iterable[Offered], **particulars: str
) -> Page:
    """The page of a new draft for a client by id, at the library's prices; ``practice`` is its path."""
    page = owner.open(f"{practice}proposals/new/?client={client}")
    page = owner.submit(page, page.form_asking("title"), client=client, **particulars)
    address = page.url.partition("edit/")[0]
    for service in services:
        form = page.form_asking("service")
        chosen = form.choose("service", containing=service.name)
        page = owner.submit(page, form, service=chosen, group="", quantity=service.quantity)
        form = last_group(page)
        page = owner.submit(page, form, **rule_for(form, service))
    return owner.open(address)


def last_group(page: Page) -> Form:
    """The form with the rule of the group that was added last."""
    found = [form for form in page.forms if any(name.endswith("-billing") for name in form.choices)]
    if not found:
        raise NotAsExpected(f"No group of services on {page.url}; the page says: {page.text[:600]}")
    return found[-1]


def rule_for(form: Form, service: Offered) -> dict[str, str]:
    """What to enter into that form."""
    prefix = next(name for name in form.choices if name.endswith("-billing")).removesuffix("billing")
    billing, *period = service.rule.split(":")
    values = {f"{prefix}heading": service.name, f"{prefix}billing": billing}
    if period:
        values |= {f"{prefix}every": period[0], f"{prefix}unit": period[1]}
    return values
