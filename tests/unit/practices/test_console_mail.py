"""Where there is no mail server, messages are printed for somebody to read."""

import io

from django.core.mail import EmailMultiAlternatives

from practices.console_mail import EmailBackend


def test_a_message_is_printed_as_its_text_and_the_names_of_its_files():
    message = EmailMultiAlternatives(
        "Invoice INV-000001", "Please find it attached.\n", "Brook <brook@x.example>", ["pat@y.example"]
    )
    message.attach_alternative("<p>Please find it attached.</p>", "text/html")
    message.attach("INV-000001.pdf", b"%PDF-1.7", "application/pdf")
    printed = io.StringIO()
    assert EmailBackend(stream=printed).send_messages([message]) == 1
    assert printed.getvalue().splitlines()[:-1] == [
        "From: Brook <brook@x.example>",
        "To: pat@y.example",
        "Subject: Invoice INV-000001",
        "",
        "Please find it attached.",
        "",
        "[INV-000001.pdf]",
    ]
