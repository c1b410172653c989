// The form of a webhook, new or old: URL with the verdict while one writes, events with their bodies.
import {Button, Code, Icon} from "./basic.js";
import {CLIENT_VALUES, ClientCertificate, clientOf} from "./client_certificate.js";
import {Dialog} from "./dialog.js";
import {Check, Field, Form, useForm} from "./form.js";
import {Headers, useHeaders} from "./headers_field.js";
import {patch, post, unsent} from "../lib/api.js";
import {EVENTS, exampleOf} from "../lib/events.js";
import {html, useEffect, useRef, useState} from "../lib/html.js";
import {secondsOf, waitWords} from "../lib/time.js";

const PAUSE_MS = 350;

// Enough of a URL to judge it?
const isAddress = (text) => /^https?:\/\/[^/]{3,}/i.test(text.trim());

// Would Porter send there? Asked once the writer pauses; the same guard decides when it is saved.
function useVerdict(url) {
  const [verdict, setVerdict] = useState(null);
  const asked = useRef(0);
  useEffect(() => {
    const mine = ++asked.current;
    const text = url.trim();
    setVerdict(null);
    if (!isAddress(text)) return undefined;
    const timer = setTimeout(async () => {
      try {
        const found = await post("/url-verdict", {url: text});
        if (mine === asked.current) setVerdict(found);
      } catch { /* Saving it tells. */ }
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [url]);
  return verdict;
}

function Verdict({url, verdict}) {
  if (verdict === null) {
    return html`<p class="verdict off" role="status"><${Icon} name="info" /><span>${isAddress(url) ? "Checking…" : "An HTTPS address that the internet can reach: https://…"}</span></p>`;
  }
  return html`<p class="verdict ${verdict.allowed ? "good" : "bad"}" role="status"><${Icon} name=${verdict.allowed ? "check" : "warn"} />
    <span>${verdict.allowed ? verdict.detail || "Porter can send there." : verdict.detail}</span></p>`;
}

function Event({event, isOn, isFixed, onChange}) {
  const [isShown, show] = useState(false);
  return html`<div class="event-row"><${Check} label=${html`<code>${event.type}</code>`} name=${event.type} hint=${event.words} isOn=${isOn} disabled=${isFixed} onChange=${onChange} />
    <${Button} kind="small plain" aria-expanded=${isShown ? "true" : "false"} aria-label="Example of ${event.type}" onClick=${() => show(!isShown)}>${isShown ? "Hide" : "Example"}</${Button}>
    ${isShown && html`<${Code} text=${exampleOf(event)} label="body of ${event.type}" />`}</div>`;
}

// "5 s, 1 min, 2 h" as seconds; null for nothing; what can't be read is said at its field.
function waitsOf(text, field) {
  const words = text.split(",").map((word) => word.trim()).filter(Boolean);
  const found = words.map(secondsOf);
  const bad = words[found.indexOf(null)];
  if (bad) throw unsent("A time that can’t be read", [{field, detail: `“${bad}” is no time: write 5 s, 1 min, 2 h or 3 d.`}]);
  return found.length > 0 ? found : null;
}

const sorted = (words) => JSON.stringify([...words].sort());

function Retries({form}) {
  const {retry_schedule: waits, max_age: age} = form.values;
  const as = (name) => Object.keys(form.problem?.fields ?? {}).find((field) => field.startsWith(name)) ?? name;
  return html`<details open=${waits !== "" || age !== "" || as("retry_schedule") in (form.problem?.fields ?? {})}><summary>Retries and order</summary><div class="stack">
    <${Field} form=${form} name="retry_schedule" as=${as("retry_schedule")} label="Waits between the attempts" isOptional placeholder="5 s, 1 min, 1 h" autocomplete="off"
      hint="One for each attempt after the first. Left empty: as everywhere in Porter, for three days." />
    <${Field} form=${form} name="max_age" as="max_age_seconds" label="Not after" isOptional placeholder="1 h" autocomplete="off"
      hint="An event that is older is given up instead of tried again: a door has no use for it." />
    <${Field} form=${form} name="ordering" label="Send" options=${[["none", "As fast as possible"], ["subject", "One after the other for each visitor, contractor or evacuation"]]}
      hint="In order, a visitor’s next event waits until the one before was delivered or given up." /></div></details>`;
}

// Of an old one only what was changed here: somebody else may be changing the rest.
function changesOf(body, of) {
  const isSame = (name) => JSON.stringify(body[name]) === JSON.stringify(of[name] ?? null) || (name === "events" && sorted(body[name]) === sorted(of[name]));
  return Object.fromEntries(Object.entries(body).filter(([name]) => body[name] !== undefined && !isSame(name)));
}

export function WebhookForm({of, onClose}) {
  const [events, setEvents] = useState(new Set(of?.events ?? []));
  const isAll = events.has("*");
  const form = useForm({
    url: of?.url ?? "https://", description: of?.description ?? "", ordering: of?.ordering ?? "none",
    retry_schedule: (of?.retry_schedule?.waits_seconds ?? []).map(waitWords).join(", "), max_age: of?.max_age_seconds ? waitWords(of.max_age_seconds) : "", ...CLIENT_VALUES,
  }, (_, intent, {CreateWebhookInput: body, UpdateWebhookInput: changes}) => {
    if (!of) return post("/v1/webhooks", body, {intent});
    return Object.keys(changes).length === 0 ? of : patch(`/v1/webhooks/${of.id}`, changes, {intent});
  }, of ? {UpdateWebhookInput: (values) => changesOf(bodyOf(values), of)} : {CreateWebhookInput: (values) => bodyOf(values)});
  const bodyOf = ({url, description, ordering, retry_schedule, max_age, ...client}) => {
    const waits = waitsOf(retry_schedule, "retry_schedule");
    return {
      url: url.trim(), description: description || null, ordering, events: isAll ? ["*"] : [...events], headers: headers.body(),
      retry_schedule: waits && {waits_seconds: waits}, max_age_seconds: waitsOf(max_age, "max_age_seconds")?.[0] ?? null,
      client_certificate: clientOf(client),
    };
  };
  const headers = useHeaders(of, form.values.url);
  const verdict = useVerdict(form.values.url);
  const flip = (type, isOn) => setEvents((old) => {
    const next = new Set(old);
    next[isOn ? "add" : "delete"](type);
    return next;
  });
  const more = EVENTS.filter((event) => event.isMore);
  const row = (event) => html`<${Event} key=${event.type} event=${event} isFixed=${isAll} isOn=${isAll || events.has(event.type)} onChange=${(isOn) => flip(event.type, isOn)} />`;
  const fault = form.problem?.fields;
  const eventsFault = fault && Object.entries(fault).find(([name]) => name.startsWith("events"))?.[1];
  return html`<${Dialog} title=${of ? "Edit webhook" : "Add Webhook"} isWide onClose=${() => onClose(null)}>
    <${Form} form=${form} submit="Save" known=${Object.keys(fault ?? {}).filter((name) => /^(events|headers|retry_schedule|max_age_seconds|client_certificate)\b/.test(name))} onDone=${onClose}
        foot=${html`<${Button} onClick=${() => onClose(null)}>Cancel</${Button}>`}>
      <${Field} form=${form} name="url" type="url" label="URL" hint="Where you want to receive events." autocomplete="off" spellcheck=${false} autofocus
        after=${html`<${Verdict} url=${form.values.url} verdict=${verdict} />`} />
      <fieldset aria-describedby=${eventsFault ? "events-fault" : undefined}><legend>Events</legend>
        ${EVENTS.filter((event) => !event.isMore).map(row)}
        <details open=${more.some((event) => events.has(event.type))}><summary>More events</summary><div class="stack">${more.map(row)}</div></details>
        <${Check} label="All events, also those that Porter may add later" isOn=${isAll} onChange=${(isOn) => setEvents(new Set(isOn ? ["*"] : []))} />
        ${eventsFault && html`<p class="fault" id="events-fault" role="alert">${eventsFault}</p>`}</fieldset>
      <${Field} form=${form} name="description" label="Description" isOptional placeholder="Opens the turnstile" />
      <${Retries} form=${form} /><${Headers} headers=${headers} fields=${fault} /><${ClientCertificate} form=${form} of=${of?.client_certificate} /></${Form}></${Dialog}>`;
}
