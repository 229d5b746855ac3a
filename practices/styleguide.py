"""The style guide: every component in every state, on invented content."""

from datetime import UTC, date, datetime
from decimal import Decimal

from django import forms
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

VAT_CHOICES = [("20", "Standard 20%"), ("5", "Reduced 5%"), ("0", "Zero 0%")]
POSTING_CHOICES = [("auto", "As soon as an invoice is issued"), ("hand", "When somebody presses Copy")]


class SampleForm(forms.Form):
    """One field of each kind that pages use."""

    name = forms.CharField(label="Client name", help_text="As it stands on invoices and in Sage.")
    email = forms.EmailField(label="E-mail", required=False)
    price = forms.DecimalField(label="Price before VAT", max_digits=12, decimal_places=2)
    terms = forms.IntegerField(
        label="Due after", min_value=0, help_text="0 makes the due date the invoice date."
    )
    starts_on = forms.DateField(
        label="Starts on", widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    vat = forms.ChoiceField(label="VAT rate", choices=VAT_CHOICES)
    posting = forms.ChoiceField(
        label="When invoices go to Sage", choices=POSTING_CHOICES, widget=forms.RadioSelect
    )
    note = forms.CharField(label="Description", widget=forms.Textarea(attrs={"rows": 3}), required=False)
    active = forms.BooleanField(label="Create invoices in Sage for this client", required=False)
    agreed = forms.BooleanField(label="I have checked the terms", required=False)


class FilterForm(forms.Form):
    """A row of filters."""

    q = forms.CharField(label="Search", required=False, initial="Acme")
    vat = forms.ChoiceField(label="VAT rate", choices=[("", "Any rate"), *VAT_CHOICES], required=False)


class LockedForm(forms.Form):
    """A field nobody may change."""

    number = forms.CharField(
        label="Number", disabled=True, initial="INV-000123", help_text="Given on issue, for good."
    )


@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    """Every component in every state; platform staff only, 404 for everybody else."""
    if not getattr(request.user, "is_staff", False):
        raise Http404
    return render(request, "styleguide/styleguide.html", sample_shell() | sample_content())


def sample_shell() -> dict[str, object]:
    """What the shell's context processor would say for an invented practice."""
    pages = [
        ("Home", "house", False, []),
        ("Clients", "users", False, []),
        ("Proposals", "file-pen-line", False, []),
        ("Billing", "calendar-clock", False, []),
        ("Invoices", "receipt", True, []),
        ("Sage", "refresh-cw", False, [("bad", 3, "need you"), ("neutral", 12, "waiting")]),
        ("Library", "library", False, []),
        ("Settings", "settings", False, []),
    ]
    return {
        "practice": {"name": "Brook & Co", "slug": "brook"},
        "role_name": "Owner",
        "nav": [
            {
                "label": label,
                "url": "#",
                "icon": icon,
                "active": active,
                "counters": [{"tone": tone, "count": count, "label": word} for tone, count, word in counters],
            }
            for label, icon, active, counters in pages
        ],
        "create_links": [
            {"label": "Proposal", "url": "#", "icon": "file-pen-line"},
            {"label": "Invoice", "url": "#", "icon": "receipt"},
            {"label": "Client", "url": "#", "icon": "users"},
        ],
        "search_url": "#",
        "connection": {"tone": "good", "words": "Sage: connected, checked 2 min ago", "url": "#"},
        "other_practices": [{"name": "Cedar LLP", "url": "#"}],
    }


def sample_content() -> dict[str, object]:
    """Invented rows, forms, events and numbers."""
    filled = {
        "name": "Acme Dental Ltd",
        "price": "1234.50",
        "terms": "14",
        "posting": "auto",
        "vat": "20",
        "active": "on",
    }
    invoices = sample_invoices()
    return {
        "form": SampleForm(initial=filled | {"starts_on": date(2027, 3, 1)}),
        "wrong_form": SampleForm(WRONG, prefix="wrong"),
        "locked_form": LockedForm(),
        "named_form": LockedForm(auto_id="named_%s"),
        "drawer_form": LockedForm(auto_id="drawer_%s"),
        "filters": FilterForm(auto_id="filter_%s"),
        "invoices": invoices,
        "net": Decimal("3450.00"),
        "vat": Decimal("690.00"),
        "gross": Decimal("4140.00"),
        "credit": Decimal("-240.00"),
        "unit_price": Decimal("0.0125"),
        "today": date(2027, 3, 5),
        "now": datetime(2027, 3, 5, 14, 2, tzinfo=UTC),
        "page": Paginator(range(412), 50).page(3),
        "first_page": Paginator(range(30), 50).page(1),
        "keyset": {"previous": "?before=x", "next": "?after=x"},
        "keyset_first": {"previous": "", "next": "?after=x"},
        "list": SAMPLE_LIST,
        "card_actions": "Two of three",
        "short_form": FilterForm(auto_id="short_%s"),
        "chips": CHIPS,
        "steps": STEPS,
        "tabs": TABS,
        "checks": CHECKS,
        "events": EVENTS,
        "differences": DIFFERENCES,
        "placeholders": [
            ("client.name", "Client name", "Acme Dental Ltd"),
            ("practice.insurer", "Professional indemnity insurer", ""),
        ],
        "facts": [
            {"label": "Sage contact", "value": "Acme Dental Ltd", "url": "#"},
            {"label": "Account", "value": "4000 Sales"},
        ],
        "income_series": ["Raised", "Posted", "Paid"],
        "income": INCOME,
        "debts": DEBTS,
    }


def sample_invoices() -> list[dict[str, object]]:
    """Four invoices in four states."""
    rows = [
        (
            "INV-000123",
            "SI-42",
            "Acme Dental Ltd",
            date(2027, 3, 1),
            "1200.00",
            "240.00",
            "In Sage",
            "good",
            "Paid",
            "good",
        ),
        (
            "INV-000124",
            "",
            "Bramble & Daughters",
            date(2027, 3, 1),
            "450.00",
            "90.00",
            "Copying",
            "working",
            "Unpaid",
            "neutral",
        ),
        (
            "INV-000125",
            "",
            "Cobalt Yachts Ltd",
            date(2027, 3, 3),
            "1800.00",
            "360.00",
            "Needs mapping",
            "warn",
            "Unpaid",
            "neutral",
        ),
        (
            "INV-000126",
            "",
            "Dovetail Joinery",
            date(2027, 2, 1),
            "-200.00",
            "-40.00",
            "Failed",
            "bad",
            "Overdue 4 days",
            "bad",
        ),
    ]
    names = ("number", "sage_number", "client", "on", "net", "vat", "chip", "tone", "paid", "paid_tone")
    invoices = []
    for row in rows:
        invoice: dict[str, object] = dict(zip(names, row, strict=True))
        net, vat = Decimal(row[4]), Decimal(row[5])
        invoices.append(invoice | {"net": net, "vat": vat, "gross": net + vat})
    return invoices


#: A list as `practices.lists.ShownList` gives it to the components: two kept views, one of them shown now.
SAMPLE_LIST = {
    "name": "sample",
    "path": "/styleguide/",
    "query": "view=overdue&sort=-gross",
    "file_url": "?file=csv",
    "views": [
        {"pk": 1, "name": "Overdue, largest first", "query": "view=overdue&sort=-gross"},
        {"pk": 2, "name": "Mine", "query": "owner=me"},
    ],
    "choices": [("client", "Client", True), ("gross", "Gross", True), ("source", "Source", False)],
    "rows_asked": [("view", "overdue")],
    "looks": [("sort", "-gross")],
    "headings": [
        {"label": "Number", "end": False, "url": "?sort=number", "sorted": ""},
        {"label": "Client", "end": False, "url": "", "sorted": ""},
        {"label": "Gross", "end": True, "url": "?sort=gross", "sorted": "descending"},
    ],
}
WRONG = {"wrong-email": "alice@", "wrong-price": "a lot", "wrong-terms": "-1", "wrong-vat": "17"}
CHIPS = [
    ("Draft here", "neutral", ""),
    ("Ready", "info", "send"),
    ("Queued", "working", "clock"),
    ("Checking with Sage", "working", ""),
    ("In Sage as SI-42", "good", ""),
    ("Changed here", "warn", "pencil"),
    ("Needs mapping", "warn", ""),
    ("Failed", "bad", ""),
    ("Locked", "neutral", "lock"),
    ("Held", "neutral", "pause"),
]
STEPS = [
    {"label": "Sign in", "state": "done", "url": "#"},
    {"label": "Company", "state": "warn", "url": "#"},
    {"label": "VAT rates", "state": "error", "url": "#"},
    {"label": "Rules", "state": "current"},
    {"label": "Enable", "state": "todo"},
]
TABS = [
    {"label": "All", "url": "#", "active": True, "count": 412},
    {"label": "Not in Sage", "url": "#", "count": 7},
    {"label": "Failed", "url": "#", "count": 3},
    {"label": "Overdue", "url": "#", "count": 0},
]
CHECKS = [
    {"label": "The signatory has an e-mail address", "state": "done"},
    {
        "label": "VAT rates are mapped",
        "state": "error",
        "text": "Reduced 5% has no Sage rate.",
        "url": "#",
        "action": "Map it",
    },
    {
        "label": "Sage contact",
        "state": "warn",
        "text": "None has this name; one will be created with the first invoice.",
    },
    {"label": "First bill on 1 Apr 2027", "state": "todo"},
]
EVENTS = [
    {
        "text": "Paid in Sage",
        "detail": "£1,440.00 by bank transfer",
        "at": datetime(2027, 3, 5, 9, 30, tzinfo=UTC),
        "icon": "banknote",
        "tone": "good",
    },
    {
        "text": "Copied to Sage as SI-42",
        "at": datetime(2027, 3, 1, 8, 1, tzinfo=UTC),
        "icon": "check",
        "url": "#",
    },
    {
        "text": "Sage did not answer; tried again",
        "at": datetime(2027, 3, 1, 8, 0, tzinfo=UTC),
        "icon": "cloud-off",
        "tone": "warn",
    },
    {
        "text": "Issued",
        "at": datetime(2027, 3, 1, 7, 59, tzinfo=UTC),
        "who": "Alice Brook",
        "icon": "receipt",
    },
]
DIFFERENCES = [
    {"label": "Name", "left": "Acme Dental Ltd", "right": "Acme Dental Limited", "changed": True},
    {"label": "E-mail", "left": "accounts@acme.example", "right": "accounts@acme.example", "changed": False},
    {"label": "Town", "left": "Leeds", "right": "York", "changed": True},
]
INCOME = [
    (month, [Decimal(raised), Decimal(posted), Decimal(paid)])
    for month, raised, posted, paid in [
        ("Oct", "18400.00", "18400.00", "17150.00"),
        ("Nov", "21250.00", "21250.00", "20100.00"),
        ("Dec", "16900.00", "16900.00", "16900.00"),
        ("Jan", "32780.00", "32780.00", "24300.00"),
        ("Feb", "24100.00", "23650.00", "15200.00"),
        ("Mar", "12400.00", "9800.00", "1440.00"),
    ]
]
DEBTS = [
    ("Not due yet", Decimal("8420.00"), "", ""),
    ("1 to 30 days", Decimal("2310.50"), "#", ""),
    ("31 to 60 days", Decimal("640.00"), "", "Two clients"),
    ("Over 60 days", Decimal("0.00"), "", ""),
]
