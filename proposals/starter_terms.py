"""The engagement terms a new practice starts with: plain, neutral, and to be reviewed by the practice."""

STARTER_TERMS = """\
1. Our agreement
These terms, together with the services and prices shown with them, are the agreement between you and us. \
The agreement begins on the start date shown and goes on until either of us ends it.

2. What we do
We carry out the services listed, with the care and skill you may expect of an accountant in the United \
Kingdom. Anything that is not listed is not included; we agree it and its price with you before we begin.

3. What we need from you
Please give us complete and correct records and answer our questions in good time. You remain responsible \
for your accounts and returns and for approving them before they are filed. We are not responsible for a \
penalty that follows from records or approvals which reach us late.

4. Fees and payment
You pay the prices shown, when they are shown to fall due. Where the law has us add a tax to them, the \
proposal shows it, and it is added at the rate that applies on the tax point of each invoice. Invoices are \
due on the date printed on them. We may change a recurring price by giving you at least 30 days' notice in \
writing.

5. Money laundering checks
The law requires us to verify who our clients are and to keep the evidence. We may be required to report \
certain matters to the authorities without telling you.

6. Confidentiality and personal data
We keep what you tell us confidential, except where the law or our professional body requires us to \
disclose it. We process personal data under UK data protection law, only for the services agreed and for \
our legal duties.

7. Limits
Our advice is for you alone and for the purpose it was given for. Nothing in these terms limits a liability \
that cannot be limited by law.

8. Ending the agreement
Either of us may end it with 30 days' notice in writing. Work done until then is paid for, and we hand over \
your records once our fees are settled, as far as the law allows.

9. Complaints and law
If something is not right, please tell us first, so that we can mend it. The law of England and Wales \
applies, and its courts decide.
"""
