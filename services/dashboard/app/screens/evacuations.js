// Evacuation: one deliberate gesture activates it; below, those that were.
import {Badge, Card, Empty, Fault, More, Note, Page, Text, Time, Waiting} from "../parts/basic.js";
import {Check, Field, useForm} from "../parts/form.js";
import {Hold} from "../parts/hold.js";
import {NoPlace, PlacePick} from "../parts/place_pick.js";
import {post, query} from "../lib/api.js";
import {html} from "../lib/html.js";
import {useChanges, useLook} from "../lib/live.js";
import {useLoad, usePages} from "../lib/load.js";
import {usePlace, usePlaceOf} from "../lib/places.js";
import {HOME, go} from "../lib/router.js";
import {may, session} from "../lib/session.js";

const LOOK_MS = 5000; // While one is active: of the marks of a roll-call nobody is told.

// An evacuation can begin while a drill is going on; a second drill can't.
function Activate({place, hasDrill}) {
  const form = useForm({reason: "", drill: false}, (_, intent, {ActivateEvacuationInput: body}) => post("/v1/evacuations", body, {intent}), {ActivateEvacuationInput: ({reason, drill}) => ({
    location_id: place.id, drill: drill && !hasDrill, activated_by: session.get().person.name, reason: reason.trim() || undefined,
  })});
  const isDrill = form.values.drill && !hasDrill;
  const activate = async () => {
    const made = await form.run();
    if (made) go(`${HOME}/evacuations/${made.id}`);
  };
  return html`<${Card} title=${html`Activate for <${Text} of=${place.name} />`}><div class="card-body">
    <p>${place.on_site_count === 0 ? "Nobody is on site." : html`<strong>${place.on_site_count} ${place.on_site_count === 1 ? "visitor is" : "visitors are"} on site.</strong> Everyone is put on a roll-call, and every connected system is told at once.`}</p>
    <${Field} form=${form} name="reason" label="Reason" isOptional placeholder="Smoke on the second floor" />
    ${!hasDrill && html`<${Check} label="This is a drill" hint="Connected systems are told that it is one." isOn=${isDrill} onChange=${(isOn) => form.set("drill", isOn)} />`}
    <${Fault} problem=${form.problem} />
    <${Hold} kind=${isDrill ? "drill" : ""} words=${isDrill ? "Start the drill" : "Activate evacuation"} hint="Press and hold for a second and a half" isBusy=${form.isBusy} onDone=${activate} /></div></${Card}>`;
}

function Row({of, places}) {
  const place = usePlaceOf(places, of.location_id);
  return html`<tr><td><a class="main" href="${HOME}/evacuations/${of.id}"><${Time} at=${of.activated_at} zone=${place?.timezone ?? places.zone} /></a><div class="quiet small wrap-any"><${Text} of=${of.reason} /></div></td>
    <td data-name="Where"><${Text} of=${place?.name} /></td><td data-name="Kind">${of.drill ? "Drill" : "Evacuation"}</td>
    <td data-name="State"><${Badge} state=${of.status === "active" ? "bad" : "off"}>${of.status === "active" ? "Active" : "Ended"}</${Badge}></td>
    <td data-name="Accounted for" class="number">${of.accounted_for_count} of ${of.on_site_count}</td></tr>`;
}

export function Screen() {
  const places = usePlace();
  const {place} = places;
  const active = useLoad(place && `/v1/evacuations${query({location_id: place.id, status: "active"})}`);
  const pages = usePages("/v1/evacuations?limit=20", "evacuations");
  useChanges(["evacuation", "visitor"], () => { void active.reload(); void pages.reload(); void places.reload(); });
  useLook(LOOK_MS, pages.reload, pages.rows?.some((of) => of.status === "active") ?? false);
  const going = active.data?.evacuations ?? [];
  return html`<${Page} title="Evacuation" actions=${html`<${PlacePick} places=${places} />`}>
    <${Fault} problem=${places.problem ?? active.problem} retry=${() => { void places.reload(); void active.reload(); }} />
    ${places.hasNone ? html`<${NoPlace} icon="siren" />` : !place || (!active.data && !active.problem) ? !places.problem && html`<${Card}><${Waiting} lines=${2} /></${Card}>` : html`${going.some((of) => !of.drill) ? null : may("front_desk") ? html`<${Activate} key=${place.id} place=${place} hasDrill=${going.length > 0} />`
        : going.length === 0 && html`<${Note}><p>No evacuation is going on. Whoever works at the front desk can activate one here.</p></${Note}>`}`}
    <${Card} title="History"><${Fault} problem=${pages.problem} retry=${pages.reload} />
      ${!pages.rows ? !pages.problem && html`<${Waiting} />` : pages.rows.length === 0
        ? html`<${Empty} icon="siren" title="None so far"><p>A drill once a quarter shows how long it takes until everybody is found. Its report stays here.</p></${Empty}>`
        : html`<table class="cards"><caption class="hidden">Evacuations</caption><thead><tr><th>Activated</th><th>Where</th><th>Kind</th><th>State</th><th>Accounted for</th></tr></thead><tbody>${pages.rows.map((one) => html`<${Row} key=${one.id} of=${one} places=${places} />`)}</tbody></table><${More} pages=${pages} />`}</${Card}></${Page}>`;
}
