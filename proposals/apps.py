from django.apps import AppConfig


class ProposalsConfig(AppConfig):
    name = "proposals"

    def ready(self) -> None:
        from proposals import mail_kinds, receivers

        receivers.connect()
        receivers.contribute()
        mail_kinds.describe_messages()
