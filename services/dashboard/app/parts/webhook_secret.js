// A webhook's secret: hidden until it is asked for and the password is confirmed; replaced with an
// overlap in which both sign.
import {Button, Card, Copy, Fault, Note} from "./basic.js";
import {Dialog} from "./dialog.js";
import {Field, Form, useForm} from "./form.js";
import {get, post} from "../lib/api.js";
import {html, useEffect, useState} from "../lib/html.js";
import {useAction} from "../lib/load.js";
import {may} from "../lib/session.js";
import {full, ownZone, span} from "../lib/time.js";

const HIDE_AFTER_MS = 60_000;
const OVERLAPS = [["3600", "1 hour"], ["86400", "1 day"], ["604800", "7 days"], ["0", "Not at all: it ends now"]];

function Countdown({until}) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const left = new Date(until) - now;
  if (left <= 0) return null;
  return html`<${Note} kind="warn"><p><strong>The secret before signs too, for another <span class="number">${span(left)}</span>.</strong>
    Until ${full(until, ownZone)} requests carry both signatures, so nothing is refused while you put the new one into place.</p></${Note}>`;
}

function Rotate({of, onClose, onMade}) {
  const form = useForm({overlap: "86400"}, ({overlap}, intent) => post(`/v1/webhooks/${of.id}/rotate-secret`, {overlap_seconds: Number(overlap)}, {intent}));
  return html`<${Dialog} title="Rotate the secret" isFixed=${form.isBusy} onClose=${onClose}><${Form} form=${form} submit="Make a new secret" onDone=${onMade} known=${["overlap_seconds"]}>
    <p>Requests are signed with a new secret from now on. For a while the secret before signs as well, so that your server accepts every request while you change it.</p>
    <${Field} form=${form} name="overlap" as="overlap_seconds" label="The secret before goes on signing for" options=${OVERLAPS} /></${Form}></${Dialog}>`;
}

export function Secret({of, onChange}) {
  const [secret, show] = useState(null);
  const [isRotating, rotate] = useState(false);
  const reveal = useAction(async () => show((await get(`/webhooks/${of.id}/secret`)).secret));
  useEffect(() => {
    if (!secret) return undefined;
    const timer = setTimeout(() => show(null), HIDE_AFTER_MS);
    return () => clearTimeout(timer);
  }, [secret]);
  const made = (rotated) => {
    rotate(false);
    show(rotated.secret);
    onChange();
  };
  return html`<${Card} title="Secret" actions=${may("admin") && html`<${Button} kind="small" icon="retry" onClick=${() => rotate(true)}>Rotate</${Button}>`}><div class="card-body">
    <p class="quiet">Your server verifies <code>X-Porter-Signature</code> with it. Whoever has it can pretend to be Porter.</p>
    ${secret ? html`<div class="secret"><output aria-label="Secret">${secret}</output></div>
        <div class="row"><${Copy} text=${secret} label="Copy secret" kind="small primary" /><${Button} kind="small" onClick=${() => show(null)}>Hide</${Button}></div>`
      : html`<div class="secret"><output class="quiet" aria-label="Secret, hidden">whsec_••••••••••••••••••••</output>
          ${may("admin") && html`<${Button} icon="eye" isBusy=${reveal.isBusy} onClick=${() => reveal.run()}>Reveal</${Button}>`}</div>`}
    ${reveal.problem?.word !== "confirmation-required" && html`<${Fault} problem=${reveal.problem} />`}
    ${of.secret_overlap_until && html`<${Countdown} until=${of.secret_overlap_until} />`}
    ${isRotating && html`<${Rotate} of=${of} onClose=${() => rotate(false)} onMade=${made} />`}</div></${Card}>`;
}
