// A webhook's client certificate (mutual TLS): given once, from then on known by its subject; the key is never shown.
import {Check, Field} from "./form.js";
import {html} from "../lib/html.js";
import {day, full, ownZone} from "../lib/time.js";

const FIELDS = ["certificate", "private_key"];

export const CLIENT_VALUES = {certificate: "", private_key: "", has_no_client: false};

// What is sent: nothing leaves it as it is, {} takes it away.
export function clientOf({certificate, private_key, has_no_client}) {
  if (has_no_client) return {};
  if (certificate.trim() === "" && private_key.trim() === "") return undefined;
  return {certificate, private_key};
}

export function ClientFacts({of}) {
  const isOver = Date.parse(of.expires_at) <= Date.now();
  return html`<code>${of.subject}</code><div class="quiet">${isOver ? "Expired" : "Expires"} <time datetime=${of.expires_at} title="${full(of.expires_at, ownZone)} (${ownZone})">${day(of.expires_at, ownZone)}</time>${isOver && ": nothing is sent until it is replaced"}</div>`;
}

export function ClientCertificate({form, of}) {
  const faults = Object.keys(form.problem?.fields ?? {}).filter((name) => name.startsWith("client_certificate"));
  const as = (name) => name === "certificate" && faults.includes("client_certificate") ? "client_certificate" : `client_certificate.${name}`;
  const isOff = form.values.has_no_client;
  const isOpen = of || faults.length > 0 || FIELDS.some((name) => form.values[name] !== "");
  return html`<details open=${Boolean(isOpen)}><summary>Client certificate</summary><div class="stack">
    <p class="hint">For an endpoint that lets nobody in without a certificate (mutual TLS). Have it signed by an authority that the endpoint trusts.${of && " What you leave empty stays as it is: to renew it, give both anew."}</p>
    ${of && html`<div><${ClientFacts} of=${of} /></div><${Check} label="Take the certificate away" isOn=${isOff} onChange=${(isOn) => form.set("has_no_client", isOn)} />`}
    <${Field} form=${form} name="certificate" as=${as("certificate")} label="Certificate" isOptional rows=${4} disabled=${isOff} spellcheck=${false} autocomplete="off"
      placeholder="-----BEGIN CERTIFICATE-----" hint="PEM. Certificates between it and the authority follow in the same text." />
    <${Field} form=${form} name="private_key" as=${as("private_key")} label="Private key" isOptional rows=${4} disabled=${isOff} spellcheck=${false} autocomplete="off"
      placeholder="-----BEGIN PRIVATE KEY-----" hint="PEM, not encrypted. It is stored sealed and never shown again." /></div></details>`;
}
