// A visitor comes: expected with a QR code, or walking in; checked in with a badge.
import {Button, Copy, Note, Text, Texts, Time} from "./basic.js";
import {Dialog} from "./dialog.js";
import {Field, Form, useForm} from "./form.js";
import {Qr} from "./qr.js";
import {post} from "../lib/api.js";
import {html, useRef, useState} from "../lib/html.js";
import {usePlaceOf} from "../lib/places.js";
import {fromField, midnight, toField} from "../lib/time.js";

const HALF_HOUR_MS = 1_800_000;
// What the form's fields are called in the body.
const KNOWN = ["host.name", "host.email"];

function bodyOf(values, place) {
  const text = (name) => values[name]?.trim() || undefined;
  const host = text("host_name") || text("host_email") ? {name: text("host_name"), email: text("host_email")} : undefined;
  return {full_name: values.full_name.trim(), email: text("email"), company: text("company"), phone: text("phone"), purpose: text("purpose"),
    host, location_id: place.id, ...(values.expected_at ? {expected_at: fromField(values.expected_at, place.timezone)} : {})};
}

function Who({form, hasMore}) {
  return html`<${Field} form=${form} name="full_name" label="Name" autocomplete="off" autofocus />
    <div class="fields"><${Field} form=${form} name="company" label="Company" isOptional autocomplete="off" />
      <${Field} form=${form} name="host_name" as="host.name" label="Host" isOptional autocomplete="off" />
      ${hasMore && html`<${Field} form=${form} name="email" type="email" label="E-mail" isOptional autocomplete="off" />
        <${Field} form=${form} name="host_email" as="host.email" type="email" label="Host’s e-mail" isOptional autocomplete="off" />`}</div>
    <${Field} form=${form} name="purpose" label="Purpose" isOptional autocomplete="off" />`;
}

const EMPTY = {full_name: "", company: "", email: "", phone: "", purpose: "", host_name: "", host_email: ""};

// The code a visitor shows at the desk: the visit's id, which the desk's search takes.
function Expected({made, place, onClose}) {
  return html`<${Dialog} title=${html`<${Text} of=${made.full_name} /> is expected`} onClose=${onClose}><div class="dialog-body">
    <${Note} kind="good"><p>Expected <strong><${Time} at=${made.expected_at} zone=${place.timezone} /></strong> at <${Text} of=${place.name} />.</p></${Note}>
    <${Qr} text=${made.id} label="QR code of this visit" />
    <p class="quiet small">The visitor shows this code at the desk. Whoever has a scanner there puts the cursor into the search and scans: the visit is found at once.</p>
    <div class="secret"><code>${made.id}</code><${Copy} text=${made.id} /></div></div>
    <footer class="dialog-foot"><${Button} icon="print" onClick=${() => print()}>Print</${Button}><${Button} kind="primary" onClick=${onClose}>Done</${Button}></footer></${Dialog}>`;
}

// The next full half hour; today, for whoever is entered in its last one.
function soon(zone) {
  const next = Math.ceil(Date.now() / HALF_HOUR_MS) * HALF_HOUR_MS;
  return toField(next < Date.parse(midnight(zone, 1)) ? next : Date.now(), zone);
}

export function PreRegister({place, onClose}) {
  const [made, setMade] = useState(null);
  const form = useForm({...EMPTY, expected_at: soon(place.timezone)},
    (_, intent, {PreRegisterVisitorInput: body}) => post("/v1/visitors/pre-register", body, {intent}),
    {PreRegisterVisitorInput: (values) => bodyOf(values, place)});
  if (made) return html`<${Expected} made=${made} place=${place} onClose=${() => onClose(made)} />`;
  return html`<${Dialog} title="Pre-register a visitor" onClose=${() => onClose(null)}>
    <${Form} form=${form} submit="Pre-register" known=${KNOWN} onDone=${setMade}><${Who} form=${form} hasMore />
      <${Field} form=${form} name="expected_at" type="datetime-local" label="Expected" hint=${html`<${Text} of=${place.name} />, ${place.timezone} time`} /></${Form}></${Dialog}>`;
}

// Registered and checked in with one button. The two steps have names of their own, so that a retry
// after a broken line neither registers nor checks in twice. When the second is refused, who was
// registered by the first is checked in, or, corrected, takes the place of the first.
export function WalkIn({place, onClose}) {
  const first = useRef(null);
  const form = useForm({...EMPTY, badge_number: ""}, async (_, intent, {PreRegisterVisitorInput: body, CheckInVisitorInput: badge}) => {
    const sent = JSON.stringify(body);
    if (first.current && first.current.sent !== sent) {
      await post(`/v1/visitors/${first.current.id}/cancel`, undefined, {intent: `${intent}-not`});
      first.current = null;
    }
    first.current ??= {...await post("/v1/visitors/pre-register", body, {intent}), sent};
    return post(`/v1/visitors/${first.current.id}/check-in`, badge, {intent: `${intent}-in`});
  }, {PreRegisterVisitorInput: (values) => bodyOf(values, place), CheckInVisitorInput: (values) => ({badge_number: values.badge_number.trim() || undefined})});
  return html`<${Dialog} title="Walk-in" onClose=${() => onClose(null)}>
    <${Form} form=${form} submit="Check in" known=${KNOWN} onDone=${onClose}><p class="quiet">Somebody who is here and was not expected.</p><${Who} form=${form} />
      <${Field} form=${form} name="badge_number" label="Badge" isOptional autocomplete="off" /></${Form}></${Dialog}>`;
}

// Whoever comes to another desk than expected is on site where he is: he must be on that roll-call.
export function CheckIn({of, place, places, onClose}) {
  const isElsewhere = of.location_id && of.location_id !== place.id;
  const expectedAt = usePlaceOf(places, of.location_id)?.name ?? "another location";
  const form = useForm({badge_number: "", vehicle_plate: of.vehicle_plate ?? ""},
    (_, intent, {CheckInVisitorInput: body}) => post(`/v1/visitors/${of.id}/check-in`, body, {intent}), {CheckInVisitorInput: (values) => ({
      badge_number: values.badge_number.trim() || undefined, vehicle_plate: values.vehicle_plate.trim() || undefined,
      ...(of.location_id === place.id ? {} : {location_id: place.id}),
    })});
  return html`<${Dialog} title=${html`Check in <${Text} of=${of.full_name} />`} onClose=${() => onClose(null)}><${Form} form=${form} submit="Check in" onDone=${onClose}>
    <p class="quiet"><${Texts} of=${[of.company, of.host?.name && `visits ${of.host.name}`, of.purpose]} /></p>
    ${isElsewhere && html`<${Note} kind="warn"><p><strong>Expected at <${Text} of=${expectedAt} />.</strong> Checking in here moves the visit to <${Text} of=${place.name} />.</p></${Note}>`}
    ${of.notes && html`<${Note}><p>${of.notes}</p></${Note}>`}
    <div class="fields"><${Field} form=${form} name="badge_number" label="Badge" isOptional autocomplete="off" autofocus />
      <${Field} form=${form} name="vehicle_plate" label="Number plate" isOptional autocomplete="off" /></div></${Form}></${Dialog}>`;
}
