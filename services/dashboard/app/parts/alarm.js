// Wherever somebody is: the evacuations that go on, and the way to their roll-calls.
import {Text, Time} from "./basic.js";
import {html} from "../lib/html.js";
import {useChanges, useLook} from "../lib/live.js";
import {useLoad} from "../lib/load.js";
import {HOME, place} from "../lib/router.js";

const LOOK_MS = 5000; // Of the marks of a roll-call nobody is told.

function Going({of}) {
  const where = useLoad(`/v1/locations/${of.location_id}`).data;
  return where && html`<div class="alarm ${of.drill ? "drill" : ""}" role="alert">
    <div><strong>${of.drill ? "A drill" : "An evacuation"} is going on at <${Text} of=${where.name} /></strong><div>${of.reason && html`<${Text} of=${of.reason} /> · `}since <${Time} at=${of.activated_at} zone=${where.timezone} /> · <span aria-live="off">${of.accounted_for_count} of ${of.on_site_count} accounted for</span></div></div>
    <a class="button" href="${HOME}/evacuations/${of.id}">Go to the roll-call</a></div>`;
}

// Not above its own roll-call.
export function Alarm() {
  const {path} = place.use();
  const active = useLoad("/v1/evacuations?status=active");
  useChanges(["evacuation"], active.reload);
  const going = active.data?.evacuations.filter((of) => path !== `${HOME}/evacuations/${of.id}`) ?? [];
  useLook(LOOK_MS, active.reload, going.length > 0);
  return going.length > 0 && html`<div class="alarms">${going.map((of) => html`<${Going} key=${of.id} of=${of} />`)}</div>`;
}
