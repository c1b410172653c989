// Settings > API: the organization's keys.
import {Button, Card, Code, Empty, Fault, More, Page, Tabs, Text, Time, Waiting} from "../parts/basic.js";
import {GenerateKey, KeyState, RevokeKey, isLive} from "../parts/new_key.js";
import {Rows} from "../parts/rows.js";
import {Spark} from "../parts/spark.js";
import {html, useState} from "../lib/html.js";
import {usePages} from "../lib/load.js";
import {HOME} from "../lib/router.js";
import {may, session} from "../lib/session.js";
import {requestSnippets} from "../lib/snippets.js";

function Row({of, revoke}) {
  return html`<tr><td><a class="main" href="${HOME}/settings/api/${of.id}"><${Text} of=${of.name} /></a><div class="quiet small"><span class="mono">…${of.hint}</span>${of.created_by_name && html` · made by <${Text} of=${of.created_by_name} />`}</div></td>
    <td data-name="State"><${KeyState} of=${of} />${of.expires_at && isLive(of) && html`<div class="quiet small">ends <${Time} at=${of.expires_at} /></div>`}</td>
    <td data-name="May do">${of.scopes.length >= 10 ? "Everything" : of.scopes.length === 1 ? of.scopes[0] : `${of.scopes.length} things`}</td>
    <td data-name="Last used"><${Time} at=${of.last_used_at} past /></td>
    <td data-name="Calls, 24 h"><span class="row"><${Spark} values=${of.calls} label="${of.calls_24h} calls in 24 hours, by hour" /><span class="number small">${of.calls_24h.toLocaleString()}</span></span></td>
    <td class="end">${isLive(of) && may("admin") && html`<${Button} kind="small" onClick=${() => revoke(of)} aria-label="Revoke ${of.name}">Revoke</${Button}>`}</td></tr>`;
}

export function Screen() {
  const list = usePages("/keys", "keys");
  const [open, setOpen] = useState(null);
  const [isAll, setAll] = useState(false);
  const close = (made) => {
    setOpen(null);
    if (made) void list.reload();
  };
  const revoke = (of) => setOpen({revoke: of});
  const generate = may("admin") && html`<${Button} kind="primary" icon="plus" onClick=${() => setOpen({generate: true})}>Generate API Key</${Button}>`;
  const keys = list.rows;
  const ended = keys?.filter((one) => !isLive(one)) ?? [];
  const shown = isAll ? keys : keys?.filter(isLive);
  const host = session.use()?.public_url || location.origin;
  return html`<${Page} title="API" lead="Keys let your own programs use Porter. Each may make 100 requests a minute by default; more is answered with 429 and says when to go on."
      actions=${html`<a class="button" href="/api/v1/docs" target="_blank" rel="noopener">Reference</a>${generate}`}>
    <${Fault} problem=${list.problem} retry=${list.reload} />
    ${!keys ? !list.problem && html`<${Card}><${Waiting} /></${Card}>` : keys.length === 0
      ? html`<${Card}><${Empty} icon="key" title="No API key yet" action=${generate}>
          <p>A key is a program’s password: it goes with every request in the <code>X-API-Key</code> header. Make one for each integration, copy it, and keep it in a secrets manager: it is shown only once.</p></${Empty}></${Card}>`
      : html`<${Card}><table class="cards"><caption class="hidden">API keys</caption><thead><tr><th>Name</th><th>State</th><th>May do</th><th>Last used</th><th>Calls, 24 h</th><th><span class="hidden">Actions</span></th></tr></thead>
          <${Rows} isTable rows=${shown} row=${(of) => html`<${Row} key=${of.id} of=${of} revoke=${revoke} />`} /></table><${More} pages=${list} />
          ${shown.length === 0 && html`<p class="more quiet">None of these works any more.</p>`}
          ${ended.length > 0 && html`<p class="more"><${Button} kind="small plain" onClick=${() => setAll(!isAll)}>${isAll ? "Hide" : "Show"} ${ended.length} that ended</${Button}></p>`}</${Card}>`}
    <${Card} title="A first request"><div class="card-body"><${Tabs} label="Examples" tabs=${requestSnippets(host, "your_api_key_here").map((one) => ({
      name: one.name, body: html`<${Code} text=${one.text} label=${one.name} />`}))} /></div></${Card}>
    ${open?.generate && html`<${GenerateKey} onClose=${close} />`}
    ${open?.revoke && html`<${RevokeKey} of=${open.revoke} onClose=${close} />`}</${Page}>`;
}
