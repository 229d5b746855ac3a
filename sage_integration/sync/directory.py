"""Looking Sage's contacts up by name: one by one, or all at once where several are wanted."""

from sage_integration.sage.client import SageClient
from sage_integration.sage.resources.contacts import Contact, only_one_named

#: From so many unknown clients on, the whole list is cheaper than a question for each.
WORTH_THE_LIST = 3


class Directory:
    """The contacts of a business by their exact names, for the length of one batch."""

    def __init__(self, sage: SageClient, *, strangers: int) -> None:
        self._sage = sage
        self._reads_the_list = strangers >= WORTH_THE_LIST
        self._all: list[Contact] | None = None

    def find(self, name: str) -> Contact | None:
        """The customer of exactly this name; raises `AmbiguousContact`."""
        if self._reads_the_list:
            page, self._reads_the_list = self._sage.contacts.all_on_one_page(), False
            self._all = None if page is None else list(page)
        if self._all is None:
            return self._sage.contacts.find_by_name(name)
        return only_one_named(name, self._all)

    def add(self, contact: Contact) -> None:
        """Know a contact that was created since."""
        if self._all is not None:
            self._all.append(contact)
