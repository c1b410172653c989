"""An event on Kafka that no gateway wrote."""
from .events import message_class
from .porter import format_id, uuid7


def make_event(organization_id):
    """A pre-registration, as a relay would send it: the event, and its record's headers."""
    event = message_class("Event")()
    event.id, event.type, event.api_version = format_id("evt", uuid7()), "visitor.pre_registered", "v1"
    event.organization_id = organization_id
    event.created_at.GetCurrentTime()
    visitor = event.data.visitor
    visitor.id, visitor.full_name, visitor.company = format_id("vis", uuid7()), "Zoë Müller", "Bäckerei Süß"
    visitor.email, visitor.host.name = "zoe@example.org", "Ada Lovelace"
    visitor.created_at.GetCurrentTime()
    return event, {"ce_specversion": "1.0", "ce_id": event.id, "ce_type": event.type, "ce_subject": visitor.id,
                   "content-type": "application/protobuf", "porter_org": organization_id}
