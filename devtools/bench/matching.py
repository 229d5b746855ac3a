"""`./dev bench clients`, the matching half: 20,000 contacts against 20,000 clients, in one process.

Two questions are kept apart: how long it takes, on a made-up population with shared words, slips, shared addresses and
strangers; and how good the suggestions are, on the names that were labelled by hand for the tests.
"""

import json
import random
import resource
import time
from typing import Any

from clients.likeness import Match, Party, Verdict, match

PARTIES = 20_000
#: Of a hundred contacts, so many are one of the clients under another spelling; the others are strangers.
KNOWN_PERCENT = 85
_MADE_UP = {
    "trade": "Plumbing Roofing Bakery Catering Consulting Engineering Joinery Electrical Landscapes Transport Dental "
    "Software Interiors Properties Holdings Lettings Nurseries Fabrications Logistics Photography Recruitment Design "
    "Scaffolding Textiles Veterinary Wholesale Furniture Brewery Ceramics Decorating Glazing Haulage Insurance "
    "Jewellers Kitchens",
    "place": "Harbour Riverside Northgate Southfield Millbrook Oakwood Ashford Bridgeway Castleton Deerpark Fairview "
    "Greenhill Highfield Ironstone Kingsway Lakeside Meadow Norwood Orchard Parkside Queensway Ridgeway Silverdale "
    "Thornbury Underwood Valley Westbrook Yewtree Beacon Copper Falcon Granite Heron Juniper Lantern Magnolia",
    "beginning": "Al Bar Cor Dan El Fen Gar Hal In Jar Kel Lan Mor Nor Os Per Quin Ros Sel Tal Ul Ver Wes Yar Zel",
    "ending": "more ford wick ley ton by stead combe den field hurst low mere ness over ridge thorpe worth",
}
_TRADES, _PLACES, _BEGINNINGS, _ENDINGS = (words.split() for words in _MADE_UP.values())


def _clients(chance: random.Random) -> list[Party]:
    """Clients with names that share their trades and places, and numbers and addresses where firms have them."""
    names: dict[str, None] = {}
    while len(names) < PARTIES:
        surname = chance.choice(_BEGINNINGS) + chance.choice(_BEGINNINGS).lower() + chance.choice(_ENDINGS)
        shape = chance.random()
        if shape < 0.4:
            name = f"{surname} {chance.choice(_TRADES)} Ltd"
        elif shape < 0.7:
            name = f"{chance.choice(_PLACES)} {surname} & Sons {chance.choice(_TRADES)}"
        else:
            name = f"{chance.choice('ABCDEFGHJKLMNPRSTW')} {surname} {chance.choice(_TRADES)} Limited"
        names[name] = None
    return [_with_particulars(f"client {number}", name, number, chance) for number, name in enumerate(names)]


def _with_particulars(key: str, name: str, number: int, chance: random.Random) -> Party:
    return Party(
        key,
        name,
        emails=(f"office{number if chance.random() < 0.9 else number % 50}@firm.example",),
        postal_code=f"AB{number % 90} {number % 9}XY",
        vat_number=f"{100_000_000 + number}" if chance.random() < 0.4 else "",
    )


def _contacts(clients: list[Party], chance: random.Random) -> list[Party]:
    """Contacts: most are clients written differently and without what would prove it, some are strangers."""
    contacts = []
    for number, client in enumerate(clients):
        key = f"contact {number}"
        if chance.randrange(100) >= KNOWN_PERCENT:
            stranger = (
                f"{chance.choice(_BEGINNINGS)}{chance.choice(_ENDINGS)} {chance.choice(_TRADES)} {number}"
            )
            contacts.append(Party(key, stranger))
        else:
            knows_address = chance.random() < 0.5
            emails = client.emails if knows_address else ()
            contacts.append(Party(key, _rewritten(client.name, chance), emails, client.postal_code))
    chance.shuffle(contacts)
    return contacts


def _rewritten(name: str, chance: random.Random) -> str:
    """The name as somebody else may have typed it."""
    way = chance.randrange(6)
    if way == 0:
        return name.upper()
    if way == 1:
        return name.replace("Limited", "Ltd").replace("&", "and")
    if way == 2:
        return name.replace(" Ltd", " Limited").replace(" Limited", " Ltd.")
    if way == 3:
        place = chance.randrange(len(name) // 2, len(name) - 4)
        return name[:place] + name[place + 1] + name[place] + name[place + 2 :]
    return f"  {name}" if way == 4 else name


def measure(parties: int = PARTIES) -> dict[str, Any]:
    """The matching half of the benchmark's result; seconds are wall and processor time of this process."""
    from tests.unit.clients.labelled import labelled  # noqa: PLC0415 - the labels belong to the tests

    chance = random.Random(20_000)  # noqa: S311 - made up, not secret
    clients = _clients(chance)[:parties]
    contacts = _contacts(clients, chance)
    wall, processor = time.perf_counter(), time.process_time()
    found = match(contacts, clients)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    same = {(f"client {n}", f"contact {n}") for n in range(parties)}
    ours, theirs, labels = labelled()
    by_hand = _suggested(match(theirs, ours))
    made_up = _suggested(found)
    return {
        "match_left": len(contacts),
        "match_right": len(clients),
        "match_seconds": round(wall, 2),
        "match_cpu_seconds": round(processor, 2),
        "precision": round(len(by_hand & labels) / len(by_hand), 4),
        "recall": round(len(by_hand & labels) / len(labels), 4),
        "made_up_precision": round(len(made_up & same) / len(made_up), 4),
        "made_up_suggested": len(made_up),
        "made_up_doubtful": sum(1 for one in found if one.verdict == Verdict.DOUBTFUL),
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def _suggested(found: list[Match]) -> set[tuple[Any, Any]]:
    return {
        (one.best.right.key, one.left.key) for one in found if one.best and one.verdict >= Verdict.SUGGESTED
    }


if __name__ == "__main__":
    print(json.dumps(measure()))
