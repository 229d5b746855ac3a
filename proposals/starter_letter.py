"""The parts of an engagement letter a new practice starts with: plain, neutral, and to be reviewed by the practice.

Written for this project. Only placeholders that always have a value stand in it, so that a first proposal can be sent.
"""

from proposals.models import Terms
from proposals.starter_terms import STARTER_TERMS

Part = Terms.Part

STARTER_LETTER = {
    Part.COVER: """\
Dear {{signatory.name}},

Thank you for asking {{practice.name}} to act for {{client.name}}. This letter, with the schedule of services, the \
fees, our standard terms and our privacy notice that follow, says what we will do for you from \
{{proposal.starts_on}}, what we need from you, and what it costs.

Please read all of it. If it is what you want, sign it by {{proposal.valid_until}}. If anything is unclear, ask us \
before you sign.

{{practice.name}}""",
    Part.SCHEDULE: """\
These are the services we have agreed to provide to {{client.name}}. Anything that is not listed here is not \
included.""",
    Part.FEES: """\
Our fees are the prices shown in this proposal, billed when it says. A price that is shown as to be confirmed depends \
on the work; we tell you the amount before we bill it. Costs that we pay for you, such as filing fees, are added at \
what they cost us and named on the invoice.

If the work turns out to be more than we both expected, we tell you first and agree a new price with you.""",
    Part.TERMS: STARTER_TERMS,
    Part.PRIVACY: """\
{{practice.name}} uses the personal data you give us to provide the services agreed, to meet our legal duties, and to \
run our practice. The reasons in law are our agreement with you, our legal duties, and our legitimate interest in \
running our practice well.

We keep personal data for as long as the law and our professional duties ask, and no longer. We share it with those \
who help us provide the services and with authorities where the law requires it.

You may ask for a copy of your data, have it corrected, or object to how it is used. Please ask us first; you may also \
complain to the Information Commissioner.""",
    Part.CANCEL: """\
If you are acting as a consumer and this agreement was made at a distance or away from our premises, you may have the \
right to cancel it within 14 days without giving a reason. To cancel, tell us in writing before the 14 days are over.

If you ask us to begin before the 14 days are over and then cancel, you pay for what we have done until then. If the \
services are complete by then, the right to cancel ends.""",
    Part.DISENGAGEMENT: """\
Dear {{signatory.name}},

This letter confirms that {{practice.name}} no longer acts for {{client.name}} from {{letter.date}}.

We have no further duty to prepare or file anything for you from that day. Please make sure that somebody does, \
because deadlines go on. We will pass on what your new adviser needs when you ask us to, as far as the law allows, \
and send you a last invoice for work done.

Thank you for having worked with us.

{{practice.name}}""",
}
