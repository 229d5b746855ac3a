from django.apps import AppConfig


class InvoicingConfig(AppConfig):
    name = "invoicing"

    def ready(self) -> None:
        from invoicing import client_columns, receivers

        receivers.connect()
        client_columns.contribute()
