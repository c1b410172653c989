// One webhook: its health, its secret, a test, its deliveries.
import {Health} from "./webhooks.js";
import {Button, Card, Fault, Note, Page, Time, Waiting} from "../parts/basic.js";
import {ClientFacts} from "../parts/client_certificate.js";
import {Log, Undelivered} from "../parts/deliveries.js";
import {Ask} from "../parts/dialog.js";
import {Numbers, Story} from "../parts/numbers.js";
import {SignatureDebugger} from "../parts/signature_debugger.js";
import {tell, toast} from "../parts/toast.js";
import {WebhookForm} from "../parts/webhook_form.js";
import {Secret} from "../parts/webhook_secret.js";
import {Test} from "../parts/webhook_test.js";
import {patch, remove} from "../lib/api.js";
import {html, useState} from "../lib/html.js";
import {useChanges} from "../lib/live.js";
import {useAction, useLoad} from "../lib/load.js";
import {HOME, go, useQuery} from "../lib/router.js";
import {may} from "../lib/session.js";
import {waitWords} from "../lib/time.js";

const VIEWS = [["", "Overview"], ["log", "Deliveries"], ["undelivered", "Undelivered"], ["debug", "Signature debugger", "admin"]];

function Trouble({of, enable}) {
  if (of.status === "disabled") {
    return html`<${Note} kind="warn"><p><strong>It is disabled: it gets no events.</strong> ${of.disabled_reason}</p>
      ${may("admin") && html`<${Button} kind="small" onClick=${enable}>Enable</${Button}>`}</${Note}>`;
  }
  if (of.health !== "failing") return null;
  return html`<${Note} kind="bad"><p><strong>Every attempt fails, since <${Time} at=${of.failing_since} />.</strong> Events are kept, and one is tried now and then${of.next_probe_at && html`: next <${Time} at=${of.next_probe_at} past />`}.
    Once it is back, all of them go out by themselves.</p><a href="?view=undelivered">What went wrong</a></${Note}>`;
}

function Facts({of}) {
  return html`<${Card}><div class="card-body"><dl class="facts"><div><dt>Health</dt><dd><${Health} of=${of} /></dd></div>
    <div><dt>Order</dt><dd>${of.ordering === "subject" ? "One after the other for each subject" : "As fast as possible"}</dd></div>
    <div><dt>Added</dt><dd><${Time} at=${of.created_at} /></dd></div>
    ${of.retry_schedule && html`<div><dt>Waits between attempts</dt><dd>${of.retry_schedule.waits_seconds.map(waitWords).join(", ")}</dd></div>`}
    ${of.max_age_seconds && html`<div><dt>Not after</dt><dd>${waitWords(of.max_age_seconds)}</dd></div>`}
    ${of.client_certificate && html`<div><dt>Client certificate</dt><dd><${ClientFacts} of=${of.client_certificate} /></dd></div>`}
    <div><dt>Events</dt><dd>${of.events.includes("*") ? "All events" : of.events.map((type) => html`<div key=${type}><code>${type}</code></div>`)}</dd></div>
    ${Object.keys(of.headers).length > 0 && html`<div><dt>Headers of its own</dt><dd>${Object.keys(of.headers).map((name) => html`<code key=${name}>${name} </code>`)}</dd></div>`}</dl></div></${Card}>`;
}

function Actions({of, hook, setOpen}) {
  const flip = useAction(async (intent) => {
    const status = of.status === "enabled" ? "disabled" : "enabled";
    hook.set(await patch(`/v1/webhooks/${of.id}`, {status}, {intent}));
    toast(status === "enabled" ? "Enabled: it gets events from now on." : "Disabled: it gets no events.", {undo: async () => {
      hook.set(await patch(`/v1/webhooks/${of.id}`, {status: of.status}));
    }});
  });
  return html`<${Fault} problem=${flip.problem} /><${Button} onClick=${() => setOpen("edit")}>Edit</${Button}
    ><${Button} isBusy=${flip.isBusy} onClick=${() => flip.run()}>${of.status === "enabled" ? "Disable" : "Enable"}</${Button}
    ><${Button} kind="danger" onClick=${() => setOpen("delete")}>Delete</${Button}>`;
}

export function Screen({id}) {
  const hook = useLoad(`/v1/webhooks/${id}`);
  const [words, set] = useQuery();
  const [open, setOpen] = useState(null);
  useChanges(["webhook"], hook.reload);
  const of = hook.data;
  const view = words.view ?? "";
  const edited = (made) => {
    setOpen(null);
    if (made) hook.set(made);
  };
  const enable = () => patch(`/v1/webhooks/${id}`, {status: "enabled"}).then(hook.set, tell);
  const title = of?.description || (of ? new URL(of.url).host : "Webhook");
  return html`<${Page} title=${title} lead=${of && html`<span class="mono">${of.url}</span>`} back=${{href: `${HOME}/settings/webhooks`, name: "Webhooks"}}
      actions=${of && may("admin") && html`<${Actions} of=${of} hook=${hook} setOpen=${setOpen} />`}>
    <${Fault} problem=${hook.problem} retry=${hook.reload} />
    ${!of ? !hook.problem && html`<${Card}><${Waiting} /></${Card}>` : html`<${Trouble} of=${of} enable=${enable} />
      <div class="segments" role="group" aria-label="View">${VIEWS.filter(([, , role]) => may(role ?? "viewer")).map(([name, words_]) => html`<button key=${name} type="button" aria-pressed=${view === name ? "true" : "false"}
        onClick=${() => set({view: name, state: "", event_type: "", from: "", to: ""})}>${words_}</button>`)}</div>
      ${view === "" && html`<${Numbers} id=${id} /><${Facts} of=${of} /><${Story} id=${id} /><div class="columns">${may("admin") && html`<${Test} of=${of} onSent=${hook.reload} />`}<${Secret} of=${of} onChange=${hook.reload} /></div>`}
      ${view === "log" && html`<${Log} id=${id} />`}${view === "undelivered" && html`<${Undelivered} id=${id} />`}
      ${view === "debug" && may("admin") && html`<${SignatureDebugger} of=${of} />`}`}
    ${open === "edit" && html`<${WebhookForm} of=${of} onClose=${edited} />`}
    ${open === "delete" && html`<${Ask} title="Delete this webhook?" yes="Delete webhook" onClose=${(done) => done ? go(`${HOME}/settings/webhooks`) : setOpen(null)}
      work=${async (intent) => { await remove(`/v1/webhooks/${id}`, {intent}); toast("The webhook is deleted."); }}>
      <p>Events no longer go to <code>${of.url}</code>, and what still waits for it is dropped. To stop for a while, disable it instead: that can be undone.</p></${Ask}>`}</${Page}>`;
}
