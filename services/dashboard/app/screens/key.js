// One key: what it may do, who calls with it from where, and its latest calls.
import {Badge, Button, Card, Empty, Fault, More, Note, Page, Text, Time, Waiting} from "../parts/basic.js";
import {KeyState, RevokeKey, RotateKey, SCOPES, isLive, lastUsed} from "../parts/new_key.js";
import {Spark} from "../parts/spark.js";
import {query} from "../lib/api.js";
import {html, useState} from "../lib/html.js";
import {linkOf} from "../lib/links.js";
import {useLook} from "../lib/live.js";
import {useLoad, usePages} from "../lib/load.js";
import {HOME, useQuery} from "../lib/router.js";
import {may} from "../lib/session.js";
import {ago, micros} from "../lib/time.js";

const LOOK_MS = 5000; // Calls are too many to be told of one by one.
const QUIET_MS = 3_600_000;

const STATUSES = [["", "All calls"], ...[["200", "read"], ["201", "made"], ["202", "taken"], ["204", "done"], ["304", "not changed"], ["400", "bad request"],
  ["403", "scope missing"], ["404", "not found"], ["409", "conflict"], ["422", "bad fields"], ["429", "over the limit"], ["503", "unavailable"]].map(([code, words]) => [code, `${code}, ${words}`])];
const stateOf = (status) => status < 300 ? "good" : status < 400 ? "off" : status < 500 ? "warn" : "bad";

function Calls({id}) {
  const [words, set] = useQuery();
  const pages = usePages(`/keys/${id}/calls${query({limit: 25, status: words.status})}`, "calls");
  const rows = pages.rows ?? [];
  useLook(LOOK_MS, pages.reload);
  return html`<${Card} title="Calls" actions=${html`<label class="row small">Show <select value=${words.status ?? ""} onChange=${(event) => set({status: event.currentTarget.value})}>
      ${STATUSES.map(([value, text]) => html`<option key=${value} value=${value} selected=${value === (words.status ?? "")}>${text}</option>`)}</select></label>`}>
    <${Fault} problem=${pages.problem} retry=${pages.reload} />
    ${!pages.rows ? !pages.problem && html`<${Waiting} />` : rows.length === 0
      ? html`<${Empty} icon="send" title="No calls"><p>Each request with this key is listed here within moments, with its request id: the one to name when you ask us about it.</p></${Empty}>`
      : html`<table class="cards"><caption class="hidden">Calls</caption><thead><tr><th>When</th><th>Request</th><th>Status</th><th>Took</th><th>Request id</th></tr></thead>
        <tbody>${rows.map((call) => html`<tr key=${call.request_id + call.at}><td><${Time} at=${call.at} /></td>
          <td class="wrap-any"><code>${call.method} ${call.path}</code>${call.event_id && html`<div class="small"><a href=${linkOf(call.event_id)}>What it caused</a></div>`}</td><td data-name="Status"><${Badge} state=${stateOf(call.status)}>${call.status}</${Badge}></td>
          <td data-name="Took" class="number nowrap">${micros(call.duration_ms * 1000)}</td><td data-name="Request id" class="wrap-any"><code class="small">${call.request_id}</code></td></tr>`)}</tbody></table>
        <${More} pages=${pages} />`}</${Card}>`;
}

function Meter({of, name}) {
  return html`<div><dt>${name}, <span class="mono">…${of.hint}</span></dt><dd class="row"><${Spark} values=${of.calls} label="Calls by hour" />
    <span>last call ${lastUsed(of) ? html`<${Time} at=${lastUsed(of)} past />` : "never"}</span></dd></div>`;
}

// Both keys of a rotation beside each other, until nobody calls with the old one.
function Moving({of, revoke}) {
  const next = useLoad(`/keys/${of.rotated_to}`);
  useLook(LOOK_MS, next.reload);
  if (!next.data) return html`<${Fault} problem=${next.problem} retry=${next.reload} />`;
  const used = lastUsed(of);
  const isQuiet = !used || Date.now() - Date.parse(used) > QUIET_MS;
  const hasMoved = lastUsed(next.data) !== null;
  return html`<${Card} title="Moving to the new key" actions=${html`<a href="${HOME}/settings/api/${of.rotated_to}">The new key</a>`}><div class="card-body">
    <dl class="facts"><${Meter} of=${of} name="Old" /><${Meter} of=${next.data} name="New" /></dl>
    ${isQuiet && hasMoved ? html`<${Note} kind="good"><p><strong>The new key is in use, and nobody has called with the old one ${used ? `since ${ago(used)}` : "at all"}.</strong> It can go now, or ends by itself.</p>
        ${may("admin") && html`<${Button} kind="small" onClick=${revoke}>Revoke the old key</${Button}>`}</${Note}>`
      : isQuiet ? html`<${Note}><p>Nobody calls with either just now. Put the new key into place.</p></${Note}>`
        : html`<${Note} kind="warn"><p>The old key is still in use${hasMoved ? ", and so is the new one: somebody has not moved yet" : ": nobody has moved yet"}. “Called from” says who.</p></${Note}>`}</div></${Card}>`;
}

export function Screen({id}) {
  const key = useLoad(`/keys/${id}`);
  useLook(LOOK_MS, key.reload);
  const [open, setOpen] = useState(null);
  const of = key.data;
  const close = (made) => {
    setOpen(null);
    if (made) void key.reload();
  };
  const actions = of && isLive(of) && may("admin") && html`<${Button} icon="retry" onClick=${() => setOpen("rotate")}>Rotate</${Button}>
    <${Button} kind="danger" onClick=${() => setOpen("revoke")}>Revoke</${Button}>`;
  return html`<${Page} title=${of?.name ?? "API key"} back=${{href: `${HOME}/settings/api`, name: "API"}} actions=${actions}>
    <${Fault} problem=${key.problem} retry=${key.reload} />
    ${!of ? !key.problem && html`<${Card}><${Waiting} /></${Card}>` : html`<${Card}><div class="card-body"><dl class="facts">
        <div><dt>State</dt><dd><${KeyState} of=${of} /></dd></div><div><dt>Key</dt><dd class="mono">…${of.hint}</dd></div>
        <div><dt>Made</dt><dd><${Time} at=${of.created_at} />${of.created_by_name && html` by <${Text} of=${of.created_by_name} />`}</dd></div>
        <div><dt>Last used</dt><dd><${Time} at=${lastUsed(of)} past /></dd></div>
        ${of.rotated_to && !isLive(of) && html`<div><dt>Followed by</dt><dd><a href="${HOME}/settings/api/${of.rotated_to}">the new key</a></dd></div>`}<div><dt>Ends</dt><dd>${of.expires_at ? html`<${Time} at=${of.expires_at} />` : "Never"}</dd></div>
        <div><dt>Limit</dt><dd>${of.rate_limit.toLocaleString()} a minute</dd></div><div><dt>Calls, 24 h</dt><dd class="row"><${Spark} values=${of.calls} label="Calls by hour" />${of.calls_24h.toLocaleString()}</dd></div></dl></div></${Card}>
      ${of.rotated_to && isLive(of) && html`<${Moving} of=${of} revoke=${() => setOpen("revoke")} />`}
      <div class="columns"><${Card} title="Called from">${of.addresses.length === 0
          ? html`<p class="card-body quiet">Nobody has called with it yet.</p>`
          : html`<table><caption class="hidden">Addresses</caption><thead><tr><th>Address</th><th>Calls</th><th>Last</th></tr></thead><tbody>${of.addresses.map((one) => html`<tr key=${one.address}>
            <td class="wrap-any"><code>${one.address}</code></td><td class="number">${one.calls.toLocaleString()}</td><td><${Time} at=${one.last_seen_at} past /></td></tr>`)}</tbody></table>`}</${Card}>
        <${Card} title="May do"><ul class="card-body">${SCOPES.filter(([scope]) => of.scopes.includes(scope)).map(([scope, words]) => html`<li key=${scope}>${words} <code class="quiet small">${scope}</code></li>`)}</ul></${Card}></div>
      <${Calls} id=${id} />`}
    ${open === "revoke" && html`<${RevokeKey} of=${of} onClose=${close} />`}
    ${open === "rotate" && html`<${RotateKey} of=${of} onClose=${close} />`}</${Page}>`;
}
