"""Mail where no server for it is set: printed where the process prints everything else."""

from django.core.mail import EmailMessage
from django.core.mail.backends import console


class EmailBackend(console.EmailBackend):
    """Prints each message as a person reads it: its text, without HTML, and the names of its files."""

    def write_message(self, message: EmailMessage) -> None:
        """Print one message."""
        head = [
            f"From: {message.from_email}",
            f"To: {', '.join(message.recipients())}",
            f"Subject: {message.subject}",
        ]
        files = [f"[{file[0]}]" for file in message.attachments]
        self.stream.write("\n".join([*head, "", str(message.body).rstrip(), "", *files, "-" * 79, ""]))
