// Sending again what was sent before, many at once: asking for it, and how far each replay is.
import {Badge, Button, Card, Fault, Time} from "./basic.js";
import {Dialog} from "./dialog.js";
import {Field, Form, useForm} from "./form.js";
import {toast} from "./toast.js";
import {post, query} from "../lib/api.js";
import {html, useEffect, useRef} from "../lib/html.js";
import {useLook} from "../lib/live.js";
import {useAction, usePages} from "../lib/load.js";
import {may} from "../lib/session.js";
import {fromField, ownZone, toField} from "../lib/time.js";

const LOOK_MS = 1000; // While one runs.
const STATES = {queued: ["busy", "Waits for its turn"], running: ["busy", "Under way"], done: ["good", "Done"], failed: ["bad", "Stopped"], cancelled: ["off", "Cancelled"]};
const isOpen = (of) => of.state === "queued" || of.state === "running";
const DAY_MS = 86_400_000;

// Everything that failed since a time, sent again: after an outage.
export function Recover({id, onClose}) {
  const form = useForm({since: toField(Date.now() - DAY_MS, ownZone)}, ({since}, intent) =>
    post(`/v1/webhooks/${id}/recover${query({since: fromField(since, ownZone)})}`, undefined, {intent}));
  const done = () => {
    toast("They are sent again: how far it is stands under “Sent again”.");
    onClose(true);
  };
  return html`<${Dialog} title="Recover what failed" onClose=${() => onClose(false)}><${Form} form=${form} submit="Send them again" onDone=${done}
      foot=${html`<${Button} onClick=${() => onClose(false)}>Cancel</${Button}>`}>
    <p>Sends every event again that failed since a time, oldest first, at the pace your endpoint takes. What was delivered is left alone; each request carries the id it had, so a receiver that remembers ids does nothing twice.</p>
    <${Field} form=${form} name="since" type="datetime-local" label="Since" hint="${ownZone} time" /></${Form}></${Dialog}>`;
}

function Cancel({of, reload}) {
  const action = useAction(async (intent) => {
    await post(`/v1/webhooks/${of.webhook_id}/replays/${of.id}/cancel`, undefined, {intent});
    reload();
  });
  return html`<${Button} kind="small" isBusy=${action.isBusy} onClick=${() => action.run()}>Stop</${Button}><${Fault} problem=${action.problem} />`;
}

function Replay({of, reload}) {
  const [state, words] = STATES[of.state] ?? ["off", of.state];
  const part = of.state === "done" ? 1 : of.total_count ? of.looked_count / of.total_count : 0;
  return html`<li><div class="row apart"><span class="row"><${Badge} state=${state}>${words}</${Badge}><strong class="number">${of.replayed_count.toLocaleString()} ${of.replayed_count === 1 ? "delivery is" : "deliveries are"} due again</strong></span>
      <${Time} at=${of.created_at} /></div>
    ${isOpen(of) && html`<div class="meter" role="progressbar" aria-label="How far it is" aria-valuemin="0" aria-valuemax="100" aria-valuenow=${of.total_count ? Math.round(part * 100) : undefined}><i style=${{inlineSize: `${part * 100}%`}}></i></div>`}
    <div class="row apart"><span class="quiet small">${of.states.join(", ")}${of.event_type && ` · ${of.event_type}`}${of.created_from && html` · since <${Time} at=${of.created_from} />`}${of.total_count !== null && ` · ${of.looked_count.toLocaleString()} of ${of.total_count.toLocaleString()} looked at`}</span>
      ${isOpen(of) && may("admin") && html`<${Cancel} of=${of} reload=${reload} />`}</div>
    ${of.reason && html`<p>${of.reason}</p>`}</li>`;
}

// `turn` changes when a new one was asked for; `onEnd` when the last one that ran has ended.
export function Replays({id, turn, onEnd}) {
  const pages = usePages(`/v1/webhooks/${id}/replays${query({limit: 5})}`, "replays");
  const isRunning = pages.rows?.some(isOpen) ?? false;
  const ran = useRef(false);
  useEffect(() => {
    if (ran.current && !isRunning) onEnd();
    ran.current = isRunning;
  }, [isRunning]);
  useLook(LOOK_MS, pages.reload, isRunning);
  useEffect(() => { if (turn > 0) void pages.reload().then(onEnd); }, [turn]); // It may have ended before we look.
  if (!pages.rows?.length) return html`<${Fault} problem=${pages.problem} retry=${pages.reload} />`;
  return html`<${Card} title="Sent again"><ul class="feed">${pages.rows.map((of) => html`<${Replay} key=${of.id} of=${of} reload=${pages.reload} />`)}</ul></${Card}>`;
}
