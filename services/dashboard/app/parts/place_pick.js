// Which location one works for; nothing when there is only one.
import {Card, Empty} from "./basic.js";
import {html} from "../lib/html.js";

export function PlacePick({places}) {
  if (places.list.length < 2) return null;
  return html`<label class="row"><span class="hidden">Location</span><select class="auto" value=${places.place.id} onChange=${(event) => places.choose(event.currentTarget.value)}>
    ${places.list.map((one) => html`<option key=${one.id} value=${one.id} selected=${one.id === places.place.id}>${one.name}</option>`)}</select></label>`;
}

export function NoPlace({icon}) {
  return html`<${Card}><${Empty} icon=${icon} title="No location yet"><p>Visitors come to a location. Your organization has none yet: whoever runs Porter for you adds the first.</p></${Empty}></${Card}>`;
}
