"""Rows of the event log that tests write themselves, as a gateway would."""
from .events import message_class
from .porter import format_id, uuid7

LOCATION = format_id("loc", uuid7())
WALK, BYTES = 10_000, 4 << 20  # What one page looks at, and answers: libs/store/event_log.c


def fill(message, at):
    """Every plain field of a resource, so that it looks like a real one."""
    for field in message.DESCRIPTOR.fields:
        if field.type == field.TYPE_ENUM:
            setattr(message, field.name, 1)
        elif field.type == field.TYPE_STRING and not field.is_repeated:
            setattr(message, field.name, LOCATION if field.name == "location_id" else field.name)
        elif field.message_type and field.message_type.name == "Timestamp":
            getattr(message, field.name).FromDatetime(at)


def packed(row, notes=""):
    """The packed event of a row."""
    event, at = message_class("Event")(), row["created_at"].replace(tzinfo=None)
    fill(event, at)
    event.id, event.type, event.api_version, event.organization_id = format_id("evt", row["id"]), row["type"], "v1", format_id("org", row["org"])
    resource = getattr(event.data, row["type"].split(".")[0])
    fill(resource, at)
    resource.id = row["subject"]
    if notes:
        resource.notes = notes
    return event.SerializeToString()
