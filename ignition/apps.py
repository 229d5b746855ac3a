from django.apps import AppConfig


class IgnitionConfig(AppConfig):
    name = "ignition"

    def ready(self) -> None:
        """Make this app's messages known."""
        from ignition import mail_kinds

        mail_kinds.describe_messages()
