"""What an uplift makes of prices, and of a practice's income: values in, values out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from invoicing.models import BillingSchedule
from money.amounts import ZERO, to_pence
from proposals.queries import Worth, worth_of


@dataclass(frozen=True, slots=True)
class Raise:
    """By how much prices go up or down: in percent, or an amount on each; and to what they are rounded."""

    percent: Decimal | None
    amount: Decimal | None
    rounding: Decimal

    def of(self, price: Decimal) -> Decimal:
        """The new unit price before VAT, rounded half-up to the step, never below nothing."""
        raised = (
            price + self.amount if self.amount is not None else price * (1 + (self.percent or ZERO) / 100)
        )
        steps = (raised / self.rounding).quantize(Decimal(1), rounding=ROUND_HALF_UP)
        return max(steps * self.rounding, ZERO)


@dataclass(slots=True)
class ClientEffect:
    """One client's services with their new prices, and what they bring before and after, before VAT."""

    client_id: int
    name: str
    changes: list[tuple[BillingSchedule, Decimal]] = field(default_factory=list)
    before: Worth = field(default_factory=Worth)
    after: Worth = field(default_factory=Worth)

    @property
    def difference(self) -> Decimal:
        """What a month brings more, or less, in the practice's currency."""
        return self.after.monthly - self.before.monthly


def effect_on(schedules: Iterable[BillingSchedule], by: Raise) -> list[ClientEffect]:
    """What becomes of each client's services, in the order they come; those whose price stays are left out."""
    found: dict[int, ClientEffect] = {}
    for schedule in schedules:
        price = by.of(schedule.unit_price)
        if price == schedule.unit_price:
            continue
        client = found.setdefault(schedule.client_id, ClientEffect(schedule.client_id, schedule.client.name))
        client.changes.append((schedule, price))
        client.before += worth_at(schedule, schedule.unit_price)
        client.after += worth_at(schedule, price)
    return list(found.values())


def worth_at(schedule: BillingSchedule, price: Decimal) -> Worth:
    """What a schedule brings at a unit price, before VAT."""
    net = to_pence(schedule.quantity * price)
    return worth_of(net, schedule.billing, schedule.every, schedule.period)


def sums_of(effects: Sequence[ClientEffect]) -> tuple[Decimal, Decimal]:
    """What a month of all of it brings before and after, before VAT, in the practice's currency."""
    before = sum((effect.before for effect in effects), Worth())
    after = sum((effect.after for effect in effects), Worth())
    return before.monthly, after.monthly
