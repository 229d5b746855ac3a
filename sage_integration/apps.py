from django.apps import AppConfig


class SageIntegrationConfig(AppConfig):
    name = "sage_integration"

    def ready(self) -> None:
        from sage_integration import client_columns, jobs, mail_kinds, receivers  # noqa: F401 - jobs register themselves
        from sage_integration.copying import bulk

        receivers.connect()
        mail_kinds.describe_messages()
        client_columns.contribute()
        bulk.contribute()
