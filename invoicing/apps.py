from django.apps import AppConfig


class InvoicingConfig(AppConfig):
    name = "invoicing"

    def ready(self) -> None:
        from invoicing import (
            client_columns,
            invoice_mail,
            jobs,
            mail_kinds,
            receivers,
            service_columns,
            whose,
        )

        receivers.connect()
        whose.postings_are()
        client_columns.contribute()
        service_columns.contribute()
        mail_kinds.describe_messages()
        invoice_mail.describe_messages()
        assert jobs.__all__  # noqa: S101 - importing it registers the steps
