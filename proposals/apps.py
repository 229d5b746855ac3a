from django.apps import AppConfig


class ProposalsConfig(AppConfig):
    name = "proposals"

    def ready(self) -> None:
        from proposals import jobs, mail_kinds, receivers

        receivers.connect()
        receivers.contribute()
        mail_kinds.describe_messages()
        assert jobs.__all__  # noqa: S101 - importing it registers the steps
