// A webhook's deliveries: the log with its filters, and what was not delivered with what to do.
import {Button, Card, Empty, Fault, More, Note, Text, Time, Waiting} from "./basic.js";
import {STATES, State} from "./exchange.js";
import {Recover, Replays} from "./replays.js";
import {Rows} from "./rows.js";
import {toast} from "./toast.js";
import {post, query} from "../lib/api.js";
import {EVENTS} from "../lib/events.js";
import {html, useId, useState} from "../lib/html.js";
import {useLook} from "../lib/live.js";
import {useAction, usePages} from "../lib/load.js";
import {HOME, useQuery} from "../lib/router.js";
import {may} from "../lib/session.js";
import {fromField, ownZone} from "../lib/time.js";

const LOOK_MS = 3000; // Deliveries are too many to be told of one by one.

function Pick({label, name, words, set, options}) {
  const id = useId();
  return html`<div class="field"><label for=${id}>${label}</label><select id=${id} value=${words[name] ?? ""} onChange=${(event) => set({[name]: event.currentTarget.value})}>
    ${options.map(([value, text]) => html`<option key=${value} value=${value} selected=${value === (words[name] ?? "")}>${text}</option>`)}</select></div>`;
}

function When({label, name, words, set}) {
  const id = useId();
  return html`<div class="field"><label for=${id}>${label}</label><input id=${id} type="datetime-local" value=${words[name] ?? ""} onChange=${(event) => set({[name]: event.currentTarget.value})} /></div>`;
}

function Row({of, retry}) {
  return html`<tr><td><a class="main" href="${HOME}/settings/webhooks/${of.webhook_id}/deliveries/${of.id}"><${Time} at=${of.created_at} /></a></td>
    <td><code>${of.event_type}</code>${of.test && html` <span class="badge busy">test</span>`}<div class="quiet small mono wrap-any"><${Text} of=${of.subject} /></div></td>
    <td data-name="State"><${State} of=${of.state} />${of.last_error && of.state !== "delivered" && html`<div class="quiet small wrap-any"><${Text} of=${of.last_error} /></div>`}</td>
    <td data-name="Answer">${of.last_status ?? html`<span class="quiet">none</span>`}</td><td data-name="Attempts" class="number">${of.attempt_count}</td>
    <td data-name="Next"><${Time} at=${of.next_attempt_at} past /></td>
    <td class="end">${retry && (of.state === "failed" || of.state === "delivered") && html`<${Again} of=${of} onDone=${retry} />`}</td></tr>`;
}

export function Again({of, onDone, kind = "small"}) {
  const action = useAction(async (intent) => {
    await post(`/v1/webhooks/${of.webhook_id}/deliveries/${of.id}/retry`, undefined, {intent});
    toast("It is due again, and sent within moments.");
    onDone();
  });
  return html`<${Button} kind=${kind} icon="retry" isBusy=${action.isBusy} onClick=${() => action.run()}>${of.state === "delivered" ? "Send again" : "Retry"}</${Button}>
    ${action.problem && html`<${Fault} problem=${action.problem} />`}`;
}

function Table({pages, label}) {
  return html`<table class="cards"><caption class="hidden">${label}</caption><thead><tr><th>Event of</th><th>Event</th><th>State</th><th>Answer</th><th>Attempts</th><th>Next</th><th><span class="hidden">Actions</span></th></tr></thead>
    <${Rows} isTable rows=${pages.rows} row=${(of) => html`<${Row} key=${of.id} of=${of} retry=${may("admin") && pages.reload} />`} /></table><${More} pages=${pages} />`;
}

export function Log({id}) {
  const [words, set] = useQuery();
  const at = (text) => new Date(text ?? "").getFullYear() >= 2000 ? fromField(text, ownZone) : ""; // Not while a year is being written.
  const pages = usePages(`/v1/webhooks/${id}/deliveries${query({limit: 25, state: words.state, event_type: words.event_type, created_from: at(words.from), created_to: at(words.to)})}`, "deliveries");
  useLook(LOOK_MS, pages.reload);
  const isFiltered = words.state || words.event_type || words.from || words.to;
  return html`<${Card}><div class="filters"><${Pick} label="State" name="state" words=${words} set=${set} options=${[["", "All"], ...Object.entries(STATES).map(([state, [, text]]) => [state, text])]} />
      <${Pick} label="Event" name="event_type" words=${words} set=${set} options=${[["", "All"], ...EVENTS.map((event) => [event.type, event.type])]} />
      <${When} label="From" name="from" words=${words} set=${set} /><${When} label="To" name="to" words=${words} set=${set} />
      ${isFiltered && html`<${Button} kind="plain" onClick=${() => set({state: "", event_type: "", from: "", to: ""})}>Clear</${Button}>`}
      <${Button} icon="retry" onClick=${pages.reload}>Refresh</${Button}></div>
    <${Fault} problem=${pages.problem} retry=${pages.reload} />
    ${!pages.rows ? !pages.problem && html`<${Waiting} />` : pages.rows.length === 0
      ? html`<${Empty} icon="send" title=${isFiltered ? "Nothing fits these filters" : "Nothing was sent yet"}><p>${isFiltered ? "Widen them." : "The next event that it listens to is listed here within moments. Or press Test."}</p></${Empty}>`
      : html`<${Table} pages=${pages} label="Deliveries" />`}</${Card}>`;
}

// All that is not delivered, the oldest first.
export function Undelivered({id}) {
  const of = (...states) => `/v1/webhooks/${id}/deliveries${query({state: states, sort: "created_at"})}`;
  const waiting = usePages(of("pending", "held"), "deliveries");
  const failed = usePages(of("failed"), "deliveries");
  const [isOpen, open] = useState(false);
  const [turn, setTurn] = useState(0);
  const reload = () => Promise.all([waiting.reload(), failed.reload()]);
  useLook(LOOK_MS, reload);
  const close = (isAsked) => {
    open(false);
    if (isAsked) setTurn(turn + 1);
  };
  const isKnown = waiting.rows && failed.rows;
  return html`<${Replays} id=${id} turn=${turn} onEnd=${reload} />
    <${Fault} problem=${waiting.problem ?? failed.problem} retry=${reload} />
    ${!isKnown ? !waiting.problem && !failed.problem && html`<${Card}><${Waiting} lines=${2} /></${Card}>` : waiting.rows.length + failed.rows.length === 0 && html`<${Card}>
      <${Empty} icon="check" title="Nothing is undelivered"><p>What can’t be delivered waits here: nothing is thrown away. Once your endpoint is mended, send it again with one click.</p></${Empty}></${Card}>`}
    ${failed.rows?.length > 0 && html`<${Card} title="Given up" actions=${may("admin") && html`<${Button} kind="primary small" icon="retry" onClick=${() => open(true)}>Recover since…</${Button}>`}><${Table} pages=${failed} label="Given up" /></${Card}>`}
    ${waiting.rows?.length > 0 && html`<${Card} title="Still to be delivered">${waiting.rows.some((one) => one.state === "held") && html`<div class="card-body"><${Note} kind="warn">
      <p>Every attempt fails: what is held goes out by itself once one gets through.</p></${Note}></div>`}<${Table} pages=${waiting} label="Still to be delivered" /></${Card}>`}
    ${isOpen && html`<${Recover} id=${id} onClose=${close} />`}`;
}
