from django.apps import AppConfig


class SageIntegrationConfig(AppConfig):
    name = "sage_integration"

    def ready(self) -> None:
        from sage_integration import receivers

        receivers.connect()
