"""Where background work stands, as a template says it."""

from django import template

from practices.job_models import Job
from practices.job_rows import Standing, standing_of

register = template.Library()


@register.simple_tag
def standing(job: Job, needs_you: int | None = 0, waiting: int | None = 0) -> Standing:
    """How a job stands, with the words and the tone of its badge; the rows are counted as of now."""
    return standing_of(job, needs_you=needs_you or 0, waiting=waiting or 0)
