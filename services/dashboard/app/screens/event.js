// One event: what happened, what caused it, and where it was sent.
import {State} from "../parts/exchange.js";
import {Card, Code, Empty, Fault, Page, Text, Time, Waiting} from "../parts/basic.js";
import {get, query} from "../lib/api.js";
import {wordsOf} from "../lib/events.js";
import {html, useCallback, useEffect, useState} from "../lib/html.js";
import {linkOf} from "../lib/links.js";
import {useLook} from "../lib/live.js";
import {useLoad} from "../lib/load.js";
import {HOME} from "../lib/router.js";
import {json} from "../lib/text.js";

const LOOK_MS = 3000;
const WEBHOOKS_MAX = 100; // An organization has no more. Deleted ones are not among them.

async function deliveriesOf(event) {
  const [{webhooks}, {deliveries}] = await Promise.all([get(`/v1/webhooks${query({limit: WEBHOOKS_MAX})}`),
    get(`/v1/events/${event.id}/deliveries${query({limit: 200})}`)]);
  const byId = new Map(webhooks.map((hook) => [hook.id, hook]));
  return deliveries.map((one) => ({...one, hook: byId.get(one.webhook_id)}));
}

function useDeliveries(event) {
  const [state, set] = useState({list: null, problem: null});
  const reload = useCallback(async () => {
    if (event) await deliveriesOf(event).then((list) => set({list, problem: null}), (problem) => set((old) => ({...old, problem})));
  }, [event]);
  useEffect(() => { void reload(); }, [reload]);
  return {...state, reload};
}

function Deliveries({of}) {
  if (of.length === 0) return html`<${Empty} icon="send" title="It was sent nowhere"><p>No webhook listened to it when it happened.</p></${Empty}>`;
  return html`<table class="cards"><caption class="hidden">Deliveries</caption><thead><tr><th>Webhook</th><th>State</th><th>Answer</th><th>Attempts</th><th>Finished</th></tr></thead>
    <tbody>${of.map((one) => html`<tr key=${one.id}><td>${one.hook ? html`<a class="main" href="${HOME}/settings/webhooks/${one.webhook_id}/deliveries/${one.id}"><${Text} of=${one.hook.description || one.hook.url} /></a>`
      : html`<span class="quiet">A webhook that was deleted</span>`}</td>
      <td data-name="State"><${State} of=${one.state} />${one.last_error && one.state !== "delivered" && html`<div class="quiet small wrap-any">${one.last_error}</div>`}</td>
      <td data-name="Answer">${one.last_status ?? html`<span class="quiet">none</span>`}</td><td data-name="Attempts" class="number">${one.attempt_count}</td>
      <td data-name="Finished"><${Time} at=${one.finished_at} /></td></tr>`)}</tbody></table>`;
}

// What it is about: the first of its data.
const subjectOf = (event) => Object.values(event.data ?? {})[0]?.id;

export function Screen({id}) {
  const load = useLoad(`/v1/events/${id}`);
  const of = load.data;
  const sent = useDeliveries(of);
  useLook(LOOK_MS, sent.reload);
  const subject = of && subjectOf(of);
  return html`<${Page} title=${of ? wordsOf(of.type) : "Event"} lead=${html`<span class="mono">${id}</span>`} back=${{href: `${HOME}/settings/webhooks`, name: "Webhooks"}}>
    <${Fault} problem=${load.problem} retry=${load.reload} />
    ${!of ? !load.problem && html`<${Card}><${Waiting} /></${Card}>` : html`<${Card}><div class="card-body"><dl class="facts"><div><dt>Type</dt><dd><code>${of.type}</code></dd></div>
        <div><dt>Happened</dt><dd><${Time} at=${of.created_at} /></dd></div>
        ${subject && html`<div><dt>About</dt><dd class="mono small">${linkOf(subject) ? html`<a href=${linkOf(subject)}>${subject}</a>` : subject}</dd></div>`}
        <div><dt>Caused by request</dt><dd class="mono small">${of.request_id ?? "none"}</dd></div></dl></div></${Card}>
      <${Card} title="Sent to"><${Fault} problem=${sent.problem} retry=${sent.reload} />${sent.list ? html`<${Deliveries} of=${sent.list} />` : !sent.problem && html`<${Waiting} lines=${2} />`}</${Card}>
      <${Card} title="What it says"><div class="card-body"><${Code} text=${json(of, 2)} label="event" /></div></${Card}>`}</${Page}>`;
}
