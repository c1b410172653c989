// Settings > Webhooks: where events go, and how each endpoint fares.
import {Badge, Button, Card, Code, Empty, Fault, More, Page, Tabs, Text, Time, Waiting} from "../parts/basic.js";
import {Glance} from "../parts/numbers.js";
import {toast} from "../parts/toast.js";
import {WebhookForm} from "../parts/webhook_form.js";
import {html, useState} from "../lib/html.js";
import {useChanges, useLook} from "../lib/live.js";
import {useLoad, usePages} from "../lib/load.js";
import {HOME, go} from "../lib/router.js";
import {may} from "../lib/session.js";
import {verifySnippets} from "../lib/snippets.js";

export function Health({of}) {
  if (of.status === "disabled") return html`<${Badge} state="off">Disabled</${Badge}>`;
  if (of.health === "failing") return html`<${Badge} state="bad">Failing</${Badge}>`;
  if (of.health === "recovering") return html`<${Badge} state="busy">Catching up</${Badge}>`;
  return html`<${Badge} state="good">Healthy</${Badge}>`;
}

const NAMED_MAX = 3;
const LOOK_MS = 10_000;
const eventsOf = (of) => of.events.includes("*") ? "All events" : of.events.length > NAMED_MAX ? `${of.events.length} kinds` : of.events.join(", ");

function Row({of, numbers}) {
  return html`<tr><td><a class="main" href="${HOME}/settings/webhooks/${of.id}">${of.url}</a>${of.description && html`<div class="quiet small wrap-any"><${Text} of=${of.description} /></div>`}</td>
    <td data-name="Health"><${Health} of=${of} />${of.failing_since && of.status === "enabled" && html`<div class="quiet small">since <${Time} at=${of.failing_since} /></div>`}</td>
    <td data-name="Attempts, 24 h" class="small"><${Glance} of=${numbers} /></td>
    <td data-name="Events" class="small wrap-any" title=${of.events.join(", ")}>${eventsOf(of)}</td><td data-name="Added" class="small"><${Time} at=${of.created_at} /></td></tr>`;
}

export function Screen() {
  const list = usePages("/v1/webhooks", "webhooks");
  const [isAdding, add] = useState(false);
  const numbers = useLoad("/webhook-numbers");
  const byId = new Map(numbers.data?.webhooks.map((one) => [one.id, one]));
  useChanges(["webhook"], list.reload);
  useChanges(["webhook"], numbers.reload);
  useLook(LOOK_MS, numbers.reload);
  const done = (made) => {
    add(false);
    if (!made) return;
    toast("Saved. Send a test to see whether your endpoint gets it.");
    go(`${HOME}/settings/webhooks/${made.id}`);
  };
  const button = may("admin") && html`<${Button} kind="primary" icon="plus" onClick=${() => add(true)}>Add Webhook</${Button}>`;
  return html`<${Page} title="Webhooks" lead="Porter posts what happens to your server the moment it happens, signed, so you need not poll." actions=${button}>
    <${Fault} problem=${list.problem} retry=${list.reload} />
    ${!list.rows ? !list.problem && html`<${Card}><${Waiting} /></${Card}>` : list.rows.length === 0
      ? html`<${Card}><${Empty} icon="hook" title="No webhook yet" action=${button}>
          <p>A webhook is an address of yours that Porter calls: when a visitor checks in, when a contractor is approved, when an evacuation begins. If your server is away, Porter keeps the events and tries again for three days.</p></${Empty}></${Card}>`
      : html`<${Card}><table class="cards"><caption class="hidden">Webhooks</caption><thead><tr><th>Endpoint</th><th>Health</th><th>Attempts, 24 h</th><th>Events</th><th>Added</th></tr></thead>
          <tbody>${list.rows.map((of) => html`<${Row} key=${of.id} of=${of} numbers=${byId.get(of.id)} />`)}</tbody></table><${More} pages=${list} /></${Card}>`}
    <${Card} title="Verify that a request is from Porter"><div class="card-body"><p class="quiet">Each request carries <code>X-Porter-Signature</code>: the HMAC-SHA256 of its body, as hex, made with the webhook’s secret. Compute it over the bytes as they came, and compare.</p>
      <${Tabs} label="Languages" tabs=${verifySnippets.map((one) => ({name: one.name, body: html`<${Code} text=${one.text} label=${one.name} />`}))} /></div></${Card}>
    ${isAdding && html`<${WebhookForm} onClose=${done} />`}</${Page}>`;
}
