// One attempt in full: where its time went, what was sent, what came back, what it means.
import {Badge, Code, Note, Texts, Time} from "./basic.js";
import {html} from "../lib/html.js";
import {json} from "../lib/text.js";
import {micros} from "../lib/time.js";

export const STATES = {
  pending: ["busy", "Waiting"], delivered: ["good", "Delivered"], failed: ["bad", "Failed"], held: ["warn", "Held"],
};
const VERDICTS = {delivered: ["good", "Delivered"], retry: ["warn", "Will be retried"], give_up: ["bad", "Given up"], disable: ["bad", "Webhook disabled"]};

export function State({of}) {
  const [state, words] = STATES[of] ?? ["off", of];
  return html`<${Badge} state=${state}>${words}</${Badge}>`;
}

// Microseconds by phase. A connection that was open already has neither of the first three.
function phasesOf(attempt) {
  const {dns_us: dns, connect_us: connect, tls_us: tls, first_byte_us: first, total_us: total} = attempt;
  const begun = dns + connect + tls;
  const wait = first > 0 ? Math.max(0, first - begun) : Math.max(0, total - begun);
  return [["dns", "Looking up the name", dns], ["connect", "Connecting", connect], ["tls", "TLS handshake", tls],
    ["wait", first > 0 ? "Waiting for your answer" : "Waiting, without an answer", wait],
    ["read", "Reading the answer", first > 0 ? Math.max(0, total - first) : 0]].filter((phase) => phase[2] > 0);
}

export function Phases({attempt}) {
  const phases = phasesOf(attempt);
  if (phases.length === 0) return null;
  const sum = phases.reduce((all, phase) => all + phase[2], 0);
  return html`<div class="phases"><div class="phase-bar" role="img" aria-label="Time: ${phases.map(([, words, us]) => `${words} ${micros(us)}`).join(", ")}">
      ${phases.map(([name, , us]) => html`<i key=${name} class="p-${name}" style=${{inlineSize: `${us / sum * 100}%`}}></i>`)}</div>
    <ul class="phase-key">${phases.map(([name, words, us]) => html`<li key=${name}><i class="p-${name}"></i>${words} <span class="number">${micros(us)}</span></li>`)}
      <li><strong>${micros(attempt.total_us)}</strong> in all${attempt.reused && ", over a connection that was open already"}</li></ul></div>`;
}

function Answer({attempt}) {
  if (attempt.status === null) return html`<p class="quiet">No answer came.</p>`;
  return html`${attempt.response_headers && html`<${Code} text=${attempt.response_headers.trimEnd()} label="response headers" />`}
    ${attempt.response_body ? html`<${Code} text=${attempt.response_body} label="response body" wrap />` : html`<p class="quiet">The answer had no body.</p>`}`;
}

// Without a body where all attempts stand together: it is the same in each.
export function Exchange({attempt, body, isOpen = false}) {
  const [state, words] = VERDICTS[attempt.verdict] ?? ["off", attempt.verdict];
  return html`<article class="attempt" aria-label="Attempt ${attempt.number}"><div class="row apart"><div class="row"><h3>Attempt ${attempt.number}</h3>
      <${Badge} state=${state}>${words}</${Badge}>${attempt.status !== null ? html`<code>HTTP ${attempt.status}</code>` : attempt.failure && html`<code>${attempt.failure}</code>`}</div>
      <${Time} at=${attempt.at} /></div>
    ${attempt.detail && html`<${Note} kind=${attempt.verdict === "delivered" ? "warn" : "bad"}><p>${attempt.detail}</p></${Note}>`}
    <${Phases} attempt=${attempt} />
    <details open=${isOpen}><summary>Request and answer</summary><div class="columns"><div class="stack"><h3>What Porter sent</h3>
        <${Code} text=${attempt.request_headers?.trimEnd() || "(headers were not kept)"} label="request headers" />${body !== undefined && html`<${Code} text=${pretty(body)} label="request body" />`}</div>
      <div class="stack"><h3>What came back</h3><${Answer} attempt=${attempt} /></div></div></details>
    ${(attempt.remote || attempt.tls_version) && html`<p class="quiet small"><${Texts} of=${[attempt.remote, attempt.http_version && `HTTP/${attempt.http_version}`, attempt.tls_version,
      attempt.certificate && `certificate of ${attempt.certificate.subject ?? "nobody"} by ${attempt.certificate.issuer}`]} /></p>`}</article>`;
}

export function pretty(text) {
  try {
    return json(JSON.parse(text), 2);
  } catch {
    return text;
  }
}
