"""Which row of Sage's reference data a service or a VAT rate of the practice stands for there."""

from django.db import models
from django.db.models import Q

from practices.tenancy import TenantModel
from services.models import Service, TaxRate


class AccountMapping(TenantModel):
    """The ledger account of one service, where it is not the default one (F14, F16)."""

    service = models.OneToOneField(Service, models.CASCADE, related_name="account_mapping")
    ledger_account_id = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="an_account_mapping_names_an_account", condition=~Q(ledger_account_id="")
            )
        ]

    def __str__(self) -> str:
        return f"{self.service_id} → {self.ledger_account_id}"


class TaxRateMapping(TenantModel):
    """Which of Sage's rates one of the practice's VAT rates is."""

    tax_rate = models.OneToOneField(TaxRate, models.CASCADE, related_name="sage_mapping")
    sage_tax_rate_id = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.CheckConstraint(name="a_rate_mapping_names_a_rate", condition=~Q(sage_tax_rate_id=""))
        ]

    def __str__(self) -> str:
        return f"{self.tax_rate_id} → {self.sage_tax_rate_id}"


class ItemMapping(TenantModel):
    """The item of Sage's catalogue that the lines of a service carry; none is needed."""

    service = models.OneToOneField(Service, models.CASCADE, related_name="item_mapping")
    sage_item_id = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.CheckConstraint(name="an_item_mapping_names_an_item", condition=~Q(sage_item_id=""))
        ]

    def __str__(self) -> str:
        return f"{self.service_id} → {self.sage_item_id}"
