from django.apps import AppConfig


class SageIntegrationConfig(AppConfig):
    name = "sage_integration"

    def ready(self) -> None:
        from sage_integration import jobs, mail_kinds, receivers  # noqa: F401 - naming the jobs registers them

        receivers.connect()
        mail_kinds.describe_messages()
