from django.apps import AppConfig


class SageIntegrationConfig(AppConfig):
    name = "sage_integration"

    def ready(self) -> None:
        from sage_integration import mail_kinds, receivers

        receivers.connect()
        mail_kinds.describe_messages()
