"""Prints the SQL that gives a demo organization its past: locations, contractors, visitors.

    seed.py ORG_ID | psql …

The same people every time (a fixed seed); times are around the day it runs. What happened before
Porter was started made no events, so nothing is delivered for it.
"""
import random
import sys
import uuid
from datetime import datetime, timedelta, timezone

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"

LOCATIONS = [
    ("Zürich – Hauptsitz", "Europe/Zurich", "Löwenstraße 12", "Zürich", "8001", "CH", 400),
    ("København – Havnen", "Europe/Copenhagen", "Nyhavn 7", "København", "1051", "DK", 120),
    ("São Paulo – Fábrica", "America/Sao_Paulo", "Avenida São João 1500", "São Paulo",
     "01036-100", "BR", None),
    ("東京オフィス", "Asia/Tokyo", "千代田区丸の内 1-9-1", "東京", "100-0005", "JP", 80),
]
CONTRACTORS = [
    ("Müller Gebäudetechnik GmbH", "Jörg Müller", "Heizung/Lüftung", "approved"),
    ("Électricité Lefèvre SARL", "Éloïse Lefèvre", "Électricité", "approved"),
    ("Bjørn & Sønner A/S", "Åse Bjørnsdatter", "Elevators", "pending"),
    ("Construções Conceição Ltda", "João da Conceição", "Alvenaria", "pending"),
    ("株式会社 田中設備", "田中 太郎", "空調", "expired"),
    ("Żuraw Dźwigi Sp. z o.o.", "Łukasz Żuraw", "Cranes", "rejected"),
]
FIRST = ["Zoë", "José", "Łucja", "Søren", "Émilie", "Jürgen", "Ngọc", "Anaïs", "Óscar", "Şebnem",
         "Maël", "Ólafur", "Chloë", "Renée", "Björk", "François", "Ágnes", "İbrahim", "Siobhán",
         "Dvořák", "美咲", "Олена", "Δήμητρα", "João", "Grace", "Noor", "Ravi", "Mary-Jane"]
LAST = ["Ångström", "García-Márquez", "Kowalski", "Kierkegaard", "Lefèvre", "Großmann", "Nguyễn",
        "O’Brien", "Peña", "Yılmaz", "Le Gall", "Þórsson", "Brontë", "Dubois", "Guðmunds",
        "Çelik", "Szabó", "Öztürk", "Ní Bhraonáin", "Novák", "山田", "Шевченко", "Παπαδοπούλου",
        "da Silva", "Hopper", "al-Fayed", "Subramanian", "Smith"]
COMPANIES = ["Contoso", "Škoda Díly", "Nørrebro Kaffe", "Fabrikam", "Œuvre & Cie", "三葉商事",
             "Ünited Logistics", None]
HOSTS = [("Grüezi Empfang", "empfang@demo.example"), ("Maja Sjöberg", "maja@demo.example"),
         ("Thérèse Roux", "therese@demo.example"), ("佐藤 健", "sato@demo.example")]
PURPOSES = ["Interview", "Meeting", "Wartung", "Führung", "Livraison", "Audit"]


def parse_id(text):
    number = 0
    for letter in text.rsplit("_", 1)[1]:
        number = number * 32 + ALPHABET.index(letter)
    return uuid.UUID(int=number)


def quote(value):
    """A literal of PostgreSQL."""
    if value is None:
        return "NULL"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, datetime):
        value = value.isoformat()
    return "'" + str(value).replace("'", "''") + "'"


class Seed:
    def __init__(self, org_id, now):
        self.org, self.now = parse_id(org_id), now
        self.dice = random.Random(2026)

    def new_id(self, at):
        """A UUIDv7 of that time, so that ids sort as the rows were made."""
        number = int(at.timestamp() * 1000) << 80 | self.dice.getrandbits(80)
        number = number & ~(0xF << 76) | 7 << 76
        return uuid.UUID(int=number & ~(3 << 62) | 2 << 62)

    def row(self, table, **columns):
        names = ", ".join(["org_id", *columns])
        values = ", ".join(quote(value) for value in [self.org, *columns.values()])
        print(f"INSERT INTO {table} ({names}) VALUES ({values});")

    def locations(self):
        at, made = self.now - timedelta(days=400), []
        for name, zone, line1, city, code, country, capacity in LOCATIONS:
            made.append(self.new_id(at))
            self.row("locations", id=made[-1], name=name, timezone=zone, line1=line1, city=city,
                     postal_code=code, country=country, capacity=capacity, created_at=at,
                     updated_at=at)
        return made

    def contractors(self, places):
        for number, (company, name, trade, status) in enumerate(CONTRACTORS):
            at = self.now - timedelta(days=90 - number)
            approved = at + timedelta(days=2) if status == "approved" else None
            self.row("contractors", id=self.new_id(at), status=status, company=company,
                     contact_name=name, contact_email=f"kontakt{number}@contractor.example",
                     contact_phone=f"+4144555010{number}", trade=trade,
                     location_ids="{" + str(places[number % len(places)]) + "}",
                     insurance_expires_at=self.now + timedelta(days=200 - 60 * number),
                     approved_at=approved, approved_by="Maja Sjöberg" if approved else None,
                     valid_until=approved and approved + timedelta(days=365),
                     created_at=at, updated_at=approved or at)

    def visitors(self, places, count):
        pick = self.dice.choice
        for number in range(count):
            status = ["checked_out", "checked_out", "checked_in", "expected", "expected",
                      "cancelled", "no_show", "checked_out"][number % 8]
            expected = self.now + timedelta(
                minutes=self.dice.randint(30, 4000) if status == "expected"
                else -self.dice.randint(20, 240) if status == "checked_in"
                else -self.dice.randint(600, 40000))
            made = min(expected, self.now) - timedelta(hours=self.dice.randint(1, 72))
            came = status in ("checked_in", "checked_out")
            arrived = expected + timedelta(minutes=self.dice.randint(0, 15)) if came else None
            left = arrived + timedelta(hours=2) if status == "checked_out" else None
            first, last, host = FIRST[number % len(FIRST)], pick(LAST), pick(HOSTS)
            self.row("visitors", id=self.new_id(made), status=status, first_name=first,
                     last_name=last, full_name=f"{first} {last}",
                     email=f"visitor{number}@guest.example", phone=f"+49301234{number:04d}",
                     company=pick(COMPANIES), visitor_type=pick(["guest", "candidate", "supplier"]),
                     host_name=host[0], host_email=host[1], location_id=pick(places),
                     purpose=pick(PURPOSES), expected_at=expected, checked_in_at=arrived,
                     checked_out_at=left, badge_number=f"B-{number:03d}" if came else None,
                     created_at=made, updated_at=left or arrived or made)


def main():
    seed = Seed(sys.argv[1], datetime.now(timezone.utc).replace(microsecond=0))
    print("BEGIN;")
    places = seed.locations()
    seed.contractors(places)
    seed.visitors(places, 40)
    print("COMMIT;")


if __name__ == "__main__":
    main()
