// Which location one works for; nothing when there is only one.
import {Button, Card, Empty, Fault, More, Text, Waiting} from "./basic.js";
import {Dialog} from "./dialog.js";
import {query} from "../lib/api.js";
import {html, useEffect, useState} from "../lib/html.js";
import {usePages} from "../lib/load.js";
import {usePlaceOf} from "../lib/places.js";

const PAUSE_MS = 150;

// Of more locations than one wants to look through: searched for. onClose(location or null)
export function ChoosePlace({onClose}) {
  const [text, setText] = useState("");
  const [q, setQ] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setQ(text.trim()), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  const pages = usePages(`/v1/locations${query({q, limit: 50})}`, "locations");
  return html`<${Dialog} title="Choose a location" onClose=${() => onClose(null)}><div class="dialog-body">
    <div class="field"><label class="hidden" for="place-search">Search locations</label>
      <input id="place-search" type="search" placeholder="Search by name or city" autocomplete="off" autofocus value=${text} onInput=${(event) => setText(event.currentTarget.value)} /></div>
    <${Fault} problem=${pages.problem} retry=${pages.reload} />
    ${!pages.rows ? !pages.problem && html`<${Waiting} />` : html`<ul class="stack" aria-label="Locations">${pages.rows.map((one) => html`<li key=${one.id}>
      <${Button} kind="plain" onClick=${() => onClose(one)}><${Text} of=${one.name} />${one.address?.city && html` <span class="quiet"><${Text} of=${one.address.city} /></span>`}</${Button}></li>`)}</ul>`}
    <p class="quiet small" role="status">${pages.rows?.length === 0 && "No location fits. They are searched by the beginnings of the words of name and city."}</p>
    <${More} pages=${pages} /></div></${Dialog}>`;
}

export function PlacePick({places}) {
  const [isOpen, open] = useState(false);
  const close = (one) => {
    open(false);
    if (one) places.choose(one.id);
  };
  if (places.hasMore) { // Also while the one that was chosen is looked up: who chose it stays at the button.
    return html`<${Button} icon="search" onClick=${() => open(true)}><span class="hidden">Location: </span><${Text} of=${places.place?.name} /></${Button}>
      ${isOpen && html`<${ChoosePlace} onClose=${close} />`}`;
  }
  if (places.list.length < 2 || !places.place) return null;
  return html`<label class="row"><span class="hidden">Location</span><select class="auto" value=${places.place.id} onChange=${(event) => places.choose(event.currentTarget.value)}>
    ${places.list.map((one) => html`<option key=${one.id} value=${one.id} selected=${one.id === places.place.id}>${one.name}</option>`)}</select></label>`;
}

export function PlaceName({places, id}) {
  return html`<${Text} of=${usePlaceOf(places, id)?.name} />`;
}

export function NoPlace({icon}) {
  return html`<${Card}><${Empty} icon=${icon} title="No location yet"><p>Visitors come to a location. Your organization has none yet: whoever runs Porter for you adds the first.</p></${Empty}></${Card}>`;
}
