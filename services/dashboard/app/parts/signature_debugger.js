// "Why does my check fail?": paste a request as the endpoint got it; Porter says what is off.
import {Button, Card, Fault, Icon, Note} from "./basic.js";
import {Field, useForm} from "./form.js";
import {post} from "../lib/api.js";
import {html, useState} from "../lib/html.js";

const NAMES = {headers: "Headers", timestamp: "Timestamp", webhook_signature: "webhook-signature", webhook_signature_v1a: "webhook-signature (v1a, public key)",
  x_porter_signature: "X-Porter-Signature", x_porter_signature_previous: "X-Porter-Signature-Previous", body: "Body"};

// "Name: value" lines, or a lone signature.
function headersOf(text) {
  const found = {};
  for (const line of text.split(/\r?\n/)) {
    const at = line.indexOf(":");
    if (at > 0) found[line.slice(0, at).trim()] = line.slice(at + 1).trim();
    else if (/^[0-9a-f]{64}$/i.test(line.trim())) found["X-Porter-Signature"] = line.trim();
  }
  return found;
}

export function SignatureDebugger({of}) {
  const [report, setReport] = useState(null);
  const form = useForm({headers: "", body: ""}, ({headers, body}, intent) => post(`/v1/webhooks/${of.id}/verify`, {headers: headersOf(headers), body}, {intent}));
  const look = async () => {
    const found = await form.run();
    setReport(found ?? null);
  };
  return html`<${Card} title="Signature debugger"><div class="card-body"><p class="quiet">Your check says no? Paste a request as your server got it, and see which step fails and why.</p>
    <${Field} form=${form} name="headers" label="Headers" rows=${4} class="mono" spellcheck=${false} placeholder="X-Porter-Signature: 5f2b…" hint="One a line, or the signature alone." />
    <${Field} form=${form} name="body" label="Body" rows=${5} class="mono" spellcheck=${false} placeholder='{"id":"evt_…"' hint="The raw bytes: as they came, before any parsing." />
    <div><${Button} kind="primary" isBusy=${form.isBusy} onClick=${look}>Check the signature</${Button}></div>
    <${Fault} problem=${form.problem} />
    <div role="status">${report && html`<div class="stack"><${Note} kind=${report.verified ? "good" : "bad"}><p><strong>${report.verified ? "It is genuine: every check holds." : "It does not verify."}</strong></p></${Note}>
      <ul class="checks">${report.checks.map((check) => html`<li key=${check.name}><span class=${check.ok ? "good" : "bad"}><${Icon} name=${check.ok ? "check" : "cross"} /></span>
        <div><strong>${NAMES[check.name] ?? check.name}</strong><span class="hidden">${check.ok ? " holds" : " fails"}</span>${check.secret && html` <span class="quiet small">made with the ${check.secret} secret</span>`}
          <p>${check.reason}</p>${check.cure && html`<p class="small"><strong>Do this:</strong> ${check.cure}</p>`}</div></li>`)}</ul></div>`}</div></div></${Card}>`;
}
