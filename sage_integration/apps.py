from django.apps import AppConfig


class SageIntegrationConfig(AppConfig):
    name = "sage_integration"
    verbose_name = "Sage"

    def ready(self) -> None:
        from invoicing.bulk_acts import send_ledgers_documents_by
        from invoicing.operations.sending import reminders_wait_for
        from invoicing.owed_apart import say_what_is_owed_apart
        from sage_integration import (
            client_columns,
            jobs,  # noqa: F401 - they register themselves
            mail_kinds,
            receivers,
            sending,
            service_columns,
        )
        from sage_integration.attention import credited_and_owed_apart
        from sage_integration.copying import bulk
        from sage_integration.sync.standing_differences import invoices_paid_earlier

        receivers.connect()
        mail_kinds.describe_messages()
        client_columns.contribute()
        service_columns.contribute()
        bulk.contribute()
        send_ledgers_documents_by(sending.KIND)
        reminders_wait_for(invoices_paid_earlier)
        say_what_is_owed_apart(credited_and_owed_apart)
