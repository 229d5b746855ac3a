from django.apps import AppConfig


class IgnitionConfig(AppConfig):
    name = "ignition"

    def ready(self) -> None:
        """Make this app's messages known, and that nobody enters a practice before it is here."""
        from ignition import mail_kinds
        from ignition.moving_in.uploads import require_arrived
        from practices.operators import keep_out_by

        mail_kinds.describe_messages()
        keep_out_by(require_arrived)
