// The dialogs around a key's life: it is made, shown once, replaced, revoked.
import {Button, Code, Copy, Note, Tabs, Text, Time, save} from "./basic.js";
import {Ask, Dialog, above} from "./dialog.js";
import {Check, Field, Form, useForm} from "./form.js";
import {toast} from "./toast.js";
import {post, remove} from "../lib/api.js";
import {html, useEffect, useState} from "../lib/html.js";
import {useLoad} from "../lib/load.js";
import {session} from "../lib/session.js";
import {requestSnippets} from "../lib/snippets.js";
import {ago} from "../lib/time.js";

export const SCOPES = [
  ["visitors:read", "Read visitors"], ["visitors:write", "Pre-register visitors, check them in and out"],
  ["locations:read", "Read locations"],
  ["contractors:read", "Read contractors"], ["contractors:write", "Enter, approve and reject contractors"],
  ["evacuations:read", "Read evacuations"], ["evacuations:write", "Activate, roll-call and end evacuations"],
  ["events:read", "Read the event log"],
  ["webhooks:read", "Read webhooks and deliveries"], ["webhooks:write", "Change, test and replay webhooks"],
];
const LIVES = [["", "Never"], ["30", "In 30 days"], ["90", "In 90 days"], ["365", "In a year"]];
const DAY_MS = 86_400_000;

const stay = (event) => event.preventDefault();

// The one time that the key is shown. It can't be closed by a slip: only by saying that it is kept.
function ShowKey({made, title, onClose}) {
  const [isKept, keep] = useState(false);
  useEffect(() => {
    if (!isKept) addEventListener("beforeunload", stay);
    return () => removeEventListener("beforeunload", stay);
  }, [isKept]);
  const host = session.get()?.public_url || location.origin;
  const file = () => {
    save(`porter-${made.name.replace(/[^\p{L}\p{N}]+/gu, "-").toLowerCase()}.env`, `PORTER_API_KEY=${made.key}\nPORTER_API_URL=${host}/api/v1\n`);
    keep(true);
  };
  return html`<${Dialog} title=${title} isWide isFixed onClose=${onClose}><div class="dialog-body">
    <${Note} kind="warn"><p><strong>Copy the key now: it is only shown this once.</strong> Porter keeps a hash of it, so nobody can show it again, not even us.</p></${Note}>
    <div class="secret"><output aria-label="API key">${made.key}</output></div>
    <div class="row"><${Copy} text=${made.key} label="Copy key" kind="primary" onCopied=${() => keep(true)} />
      <${Button} icon="down" onClick=${file}>Download as .env</${Button}></div>
    <h3>Try it</h3>
    <${Tabs} label="Examples" tabs=${requestSnippets(host, made.key).map((one) => ({name: one.name, body: html`<${Code} text=${one.text} label=${one.name} />`}))} />
    <${Check} label="I have stored the key where I can find it" hint="A secrets manager or an environment variable; never in code or a ticket."
      isOn=${isKept} onChange=${keep} /></div>
    <footer class="dialog-foot"><button type="button" class="button primary" disabled=${!isKept} onClick=${onClose}>Done</button></footer></${Dialog}>`;
}

// Above every screen: neither the way back nor the end of the session takes it away.
function showKey(made, title) {
  above.set(html`<${ShowKey} made=${made} title=${title} onClose=${() => above.set(null)} />`);
}

export function GenerateKey({onClose}) {
  const [isAll, setAll] = useState(true);
  const [chosen, choose] = useState(new Set(["visitors:read"]));
  const form = useForm({name: "", life: ""}, (_, intent, {CreateKeyInput: body}) => post("/keys", body, {intent}), {CreateKeyInput: ({name, life}) => ({
    name, ...(isAll ? {} : {scopes: [...chosen]}),
    ...(life ? {expires_at: new Date(Date.now() + life * DAY_MS).toISOString()} : {}),
  })});
  const made = (key) => {
    onClose(key);
    showKey(key, "Your new API key");
  };
  const flip = (scope, isOn) => choose((old) => {
    const next = new Set(old);
    next[isOn ? "add" : "delete"](scope);
    return next;
  });
  return html`<${Dialog} title="Generate API Key" isFixed=${form.isBusy} onClose=${() => onClose(null)}>
    <${Form} form=${form} submit="Generate API Key" known=${["scopes", "expires_at"]} onDone=${made}>
      <${Field} form=${form} name="name" label="Name" placeholder="Building management" autofocus
        hint="Say which integration uses it: one key for each, so that one can be revoked without stopping the others." />
      <${Field} form=${form} name="life" as="expires_at" label="Expires" options=${LIVES} />
      <fieldset><legend>What it may do</legend>
        <${Check} label="Everything" hint="All of the API." isOn=${isAll} onChange=${setAll} />
        ${!isAll && SCOPES.map(([scope, words]) => html`<${Check} key=${scope} label=${words} isOn=${chosen.has(scope)} onChange=${(isOn) => flip(scope, isOn)} />`)}
        ${form.problem?.fields["scopes"] && html`<p class="fault">${form.problem.fields["scopes"]}</p>`}</fieldset></${Form}></${Dialog}>`;
}

// Calls are seen by address at once, and counted within half a minute.
export const lastUsed = (of) => [of.last_used_at, ...(of.addresses ?? []).map((one) => one.last_seen_at)].filter(Boolean).sort().at(-1) ?? null;

const callsOf = (count) => `${count.toLocaleString()} ${count === 1 ? "call" : "calls"}`;

// What would stop working, from what the key did lately.
function Depends({of}) {
  const used = lastUsed(of);
  const isRecent = used && Date.now() - Date.parse(used) < DAY_MS;
  if (!used) return html`<${Note} kind="good"><p>It was never used: nothing depends on it.</p></${Note}>`;
  if (!isRecent) return html`<${Note}><p>It was last used ${ago(used)} and made no call in the last 24 hours. What runs rarely (a monthly export) may still need it.</p></${Note}>`;
  return html`<${Note} kind="warn"><p><strong>It is in use: ${of.calls_24h > 0 && `${callsOf(of.calls_24h)} in the last 24 hours, `}the last one ${ago(used)}.</strong>
    Whatever makes them stops working at once. To change keys without a break, rotate it instead.</p></${Note}>`;
}

// Where it is called from only the key's own page knows: a row of the list has to ask for it.
export function RevokeKey({of: known, onClose}) {
  const whole = useLoad(known.addresses ? null : `/keys/${known.id}`);
  const of = whole.data ?? known;
  return html`<${Ask} title=${html`Revoke “<${Text} of=${of.name} />”?`} yes="Revoke key" onClose=${onClose}
      work=${async (intent) => {
        await remove(`/keys/${of.id}`, {intent});
        toast(html`“<${Text} of=${of.name} />” is revoked: calls with it are refused from now on.`);
      }}>
    <p>The key ending in <code>${of.hint}</code> is invalid from the moment you press the button, on every server. This can’t be undone.</p>
    <${Depends} of=${of} />
    ${of.addresses?.length > 0 && html`<div><h3>Called from</h3><ul>${of.addresses.map((one) => html`<li key=${one.address} class="row apart">
      <code>${one.address}</code><span class="quiet">${callsOf(one.calls)}, <${Time} at=${one.last_seen_at} past /></span></li>`)}</ul></div>`}</${Ask}>`;
}

const OVERLAPS = [["3600", "1 hour"], ["86400", "1 day"], ["604800", "1 week"]];

// Rotation: a new key beside the old one, which ends by itself when everybody has moved.
export function RotateKey({of, onClose}) {
  const form = useForm({overlap: "86400"}, ({overlap}, intent) => post(`/keys/${of.id}/rotate`, {overlap_seconds: Number(overlap)}, {intent}));
  const made = (key) => {
    onClose(key);
    showKey(key, "The key that follows");
  };
  return html`<${Dialog} title=${html`Rotate “<${Text} of=${of.name} />”`} isFixed=${form.isBusy} onClose=${() => onClose(null)}>
    <${Form} form=${form} submit="Make the new key" onDone=${made}>
      <ol class="stack prose"><li>You get a new key that may do the same.</li><li>Both keys work while you put it into place.</li>
        <li>The old one ends by itself; its page shows whether anybody still calls with it.</li></ol>
      <${Field} form=${form} name="overlap" label="The old key goes on working for" options=${OVERLAPS} /></${Form}></${Dialog}>`;
}

export function KeyState({of}) {
  const now = Date.now();
  if (of.revoked_at) return html`<span class="badge bad">Revoked</span>`;
  if (of.expires_at && new Date(of.expires_at) <= now) return html`<span class="badge off">Expired</span>`;
  if (of.expires_at && new Date(of.expires_at) - now < 14 * DAY_MS) return html`<span class="badge warn" title=${of.expires_at}>Ends ${ago(of.expires_at)}</span>`;
  return html`<span class="badge good">Active</span>`;
}

export const isLive = (of) => !of.revoked_at && !(of.expires_at && new Date(of.expires_at) <= Date.now());
