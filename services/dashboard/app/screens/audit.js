// Settings > Audit log: who did what, from where, and what it was before.
import {Button, Card, Empty, Fault, More, Page, Text, Texts, Time, Waiting} from "../parts/basic.js";
import {Rows} from "../parts/rows.js";
import {query} from "../lib/api.js";
import {html} from "../lib/html.js";
import {linkOf} from "../lib/links.js";
import {usePages} from "../lib/load.js";
import {useQuery} from "../lib/router.js";
import {json} from "../lib/text.js";

// By what actions' names begin with: the kind of thing.
const KINDS = [["", "Everything"], ["visitor", "Visits"], ["contractor", "Contractors"], ["evacuation", "Evacuations"], ["webhook", "Webhooks"],
  ["delivery", "Deliveries"], ["replay", "Replays"], ["key", "API keys"], ["person", "People"], ["invitation", "Links"], ["session", "Sign-ins"],
  ["organization", "Organization"], ["subject", "Erasures"]];
// What somebody did; the other actions' names say it.
const DID = {
  "visitor.pre_registered": "pre-registered", "visitor.checked_in": "checked in", "visitor.checked_out": "checked out", "visitor.cancelled": "cancelled the visit",
  "contractor.created": "entered the contractor", "contractor.approved": "approved the contractor", "contractor.rejected": "rejected the contractor",
  "evacuation.activated": "activated the evacuation", "evacuation.roll_called": "called the roll", "evacuation.ended": "ended the evacuation"};

const isWords = (value) => Array.isArray(value) && value.every((one) => typeof one === "string");
const plain = (value) => isWords(value) ? value.join(", ") : typeof value === "object" && value !== null ? json(value) : String(value);

// The members that differ; of a thing that was made or deleted, all.
// And what else is known of it, but for what these say already.
function Changes({before, after, detail}) {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])].filter((name) => plain(before?.[name] ?? null) !== plain(after?.[name] ?? null));
  const more = Object.entries(detail ?? {}).filter(([name, value]) => name !== "fields" && value !== null && plain(before?.[name] ?? null) !== plain(value));
  // What was changed, too, and is not shown.
  const unsaid = (detail?.fields ?? []).filter((name) => !names.includes(name));
  if (unsaid.length > 0) more.push(["also", unsaid]);
  if (names.length + more.length === 0) return null;
  return html`<ul class="changes">${names.map((name) => html`<li key=${name}><code>${name}</code> ${(before?.[name] ?? null) !== null && html`<del><${Text} of=${plain(before[name])} /></del> `}
    ${(after?.[name] ?? null) !== null && html`<ins><${Text} of=${plain(after[name])} /></ins>`}</li>`)}
    ${more.map(([name, value]) => html`<li key=${`detail.${name}`}><code>${name}</code> <${Text} of=${plain(value)} /></li>`)}</ul>`;
}

function Subject({id}) {
  const href = linkOf(id);
  const text = html`<code class="small wrap-any">${id}</code>`;
  return href ? html`<a href=${href}>${text}</a>` : text;
}

export function Screen() {
  const [words, set] = useQuery();
  const pages = usePages(`/audit${query({actor: words.actor, about: words.actor ? null : words.about})}`, "entries");
  return html`<${Page} title="Audit log" lead="What people did at the front desk and in the settings, and what it was before. Nobody can edit it."
      actions=${words.actor ? html`<${Button} icon="cross" onClick=${() => set({actor: ""})}>Everybody</${Button}>`
        : html`<label class="row"><span class="hidden">About</span><select class="auto" value=${words.about ?? ""} onChange=${(event) => set({about: event.currentTarget.value})}>
          ${KINDS.map(([kind, label]) => html`<option key=${kind} value=${kind}>${label}</option>`)}</select></label>`}>
    <${Fault} problem=${pages.problem} retry=${pages.reload} />
    ${!pages.rows ? !pages.problem && html`<${Card}><${Waiting} /></${Card}>` : pages.rows.length === 0
      ? html`<${Card}><${Empty} icon="log" title="Nothing yet"><p>Each change of a key, a webhook or a person is noted here, and what people do at the front desk. What systems do with a key is in the event log.</p></${Empty}></${Card}>`
      : html`<${Card}><${Rows} class="feed" rows=${pages.rows} row=${(of) => html`<li key=${of.id}><div class="row apart"><span><button type="button" class="button small plain" title="Only what they did" onClick=${() => set({actor: of.actor.id ?? of.actor.name, about: ""})}><${Text} of=${of.actor.name ?? of.actor.id ?? of.actor.kind} /></button>${" "}
          <strong class=${of.action in DID ? "" : "mono"}>${DID[of.action] ?? of.action}</strong> ${of.subject && html`<${Subject} id=${of.subject} />`}</span><${Time} at=${of.at} /></div>
        <${Changes} before=${of.before} after=${of.after} detail=${of.detail} />
        <p class="quiet small"><${Texts} of=${[of.actor.kind, of.action in DID && of.action, of.address, of.request_id]} /></p></li>`} /><${More} pages=${pages} /></${Card}>`}</${Page}>`;
}
