// One's own account: name, password, second step, sessions.
import {Badge, Button, Card, Copy, Fault, Page, Text, Time, Waiting} from "../parts/basic.js";
import {Ask, Dialog} from "../parts/dialog.js";
import {Check, Field, Form, useForm} from "../parts/form.js";
import {Qr} from "../parts/qr.js";
import {shortcuts} from "../parts/shortcuts.js";
import {toast} from "../parts/toast.js";
import {post, put, remove} from "../lib/api.js";
import {html, useEffect, useState} from "../lib/html.js";
import {useAction, useLoad} from "../lib/load.js";
import {ROLES, readSession, session} from "../lib/session.js";

// "Chrome on Windows": good enough to know one's own.
function deviceOf(agent) {
  if (!agent) return "Unknown browser";
  const browser = [["Edg/", "Edge"], ["OPR/", "Opera"], ["Firefox/", "Firefox"], ["Chrome/", "Chrome"], ["Safari/", "Safari"]].find(([word]) => agent.includes(word))?.[1];
  const system = [["iPhone", "iPhone"], ["iPad", "iPad"], ["Android", "Android"], ["Windows", "Windows"], ["Mac OS", "Mac"], ["Linux", "Linux"]].find(([word]) => agent.includes(word))?.[1];
  return browser ? `${browser}${system ? ` on ${system}` : ""}` : agent.slice(0, 60);
}

function Name({person}) {
  const form = useForm({name: person.name}, (_, intent, {UpdateMeInput: body}) => put("/me", body, {intent}), {UpdateMeInput: ({name}) => ({name: name.trim()})});
  return html`<${Card} title="You"><div class="card-body"><dl class="facts"><div><dt>E-mail</dt><dd>${person.email}</dd></div><div><dt>Role</dt><dd>${ROLES[person.role][0]}</dd></div></dl>
    <div class="inline-form"><${Form} form=${form} submit="Save" kind="" onDone=${() => { toast("Saved."); void readSession(); }}><${Field} form=${form} name="name" label="Name" autocomplete="name" /></${Form}></div></div></${Card}>`;
}

function Password({person}) {
  const form = useForm({current: "", new: ""}, (_, intent, {ChangePasswordInput: body}) => post("/me/password", body, {intent}), {ChangePasswordInput: (values) => values});
  const done = () => {
    form.setValues({current: "", new: ""});
    toast("Your password is changed. Other sessions were ended.");
  };
  return html`<${Card} title="Password"><div class="card-body inline-form"><${Form} form=${form} submit="Change password" kind="" onDone=${done}>
    <input class="hidden" type="email" autocomplete="username" value=${person.email} readonly tabindex="-1" aria-hidden="true" />
    <${Field} form=${form} name="current" type="password" label="Current password" autocomplete="current-password" />
    <${Field} form=${form} name="new" type="password" label="New password" autocomplete="new-password" hint="At least 12 characters." /></${Form}></div></${Card}>`;
}

function SetUp({onClose}) {
  const [secret, setSecret] = useState(null);
  const [problem, setProblem] = useState(null);
  const form = useForm({code: ""}, (_, intent, {TakeTotpInput: body}) => post("/me/totp/confirm", body, {intent}), {TakeTotpInput: ({code}) => ({code: code.replace(/\s/g, "")})});
  useEffect(() => { post("/me/totp").then(setSecret, setProblem); }, []);
  // The dialog was there before its field, so the browser does not begin there by itself.
  useEffect(() => { if (secret) document.querySelector("dialog[open] [name=code]").focus(); }, [secret]);
  if (!secret) return html`<${Dialog} title="Second step" onClose=${() => onClose(false)}><div class="dialog-body">${problem ? html`<${Fault} problem=${problem} />` : html`<${Waiting} />`}</div></${Dialog}>`;
  return html`<${Dialog} title="Second step" onClose=${() => onClose(false)}><${Form} form=${form} submit="Turn it on" onDone=${() => onClose(true)}>
    <p>Scan this with an authenticator app, then type the six digits that it shows.</p><${Qr} text=${secret.uri} label="QR code for the authenticator" />
    <details><summary>It can’t be scanned</summary><div class="secret"><code>${secret.secret}</code><${Copy} text=${secret.secret} /></div></details>
    <${Field} form=${form} name="code" label="Code" inputmode="numeric" autocomplete="one-time-code" autofocus /></${Form}></${Dialog}>`;
}

function SecondStep({person}) {
  const [open, setOpen] = useState(null);
  const close = (isDone) => {
    setOpen(null);
    if (isDone) void readSession();
  };
  return html`<${Card} title="Second step" actions=${html`<${Badge} state=${person.totp_enabled ? "good" : "off"}>${person.totp_enabled ? "On" : "Off"}</${Badge}>`}><div class="card-body">
    <p class="quiet">A code from your phone besides the password: a stolen password alone opens nothing.</p>
    <div>${person.totp_enabled ? html`<${Button} onClick=${() => setOpen("off")}>Turn off</${Button}>` : html`<${Button} kind="primary" onClick=${() => setOpen("on")}>Set up</${Button}>`}</div>
    ${open === "on" && html`<${SetUp} onClose=${close} />`}
    ${open === "off" && html`<${Ask} title="Turn the second step off?" yes="Turn off" onClose=${close} work=${(intent) => remove("/me/totp", {intent})}><p>Then your password alone signs you in.</p></${Ask}>`}</div></${Card}>`;
}

function Keyboard() {
  return html`<${Card} title="Keyboard"><div class="card-body"><${Check} label="Shortcuts" hint="Single keys that lead somewhere: ? shows them all. Kept in this browser."
    isOn=${shortcuts.use()} onChange=${shortcuts.set} /></div></${Card}>`;
}

function Session({of, reload}) {
  const end = useAction(async (intent) => {
    await remove(`/sessions/${of.id}`, {intent});
    toast("That session is signed out.");
    reload();
  });
  return html`<tr><td><strong><${Text} of=${deviceOf(of.user_agent)} /></strong>${of.current && html` <${Badge} state="good">This one</${Badge}>`}<div class="quiet small mono wrap-any">${of.address}</div></td>
    <td data-name="Last seen"><${Time} at=${of.last_seen_at} past /></td><td data-name="Signed in"><${Time} at=${of.created_at} /></td>
    <td class="end">${!of.current && html`<${Button} kind="small" isBusy=${end.isBusy} onClick=${() => end.run()} aria-label="Sign out ${deviceOf(of.user_agent)}">Sign out</${Button}>`}<${Fault} problem=${end.problem} /></td></tr>`;
}

export function Screen() {
  const {person} = session.use();
  const sessions = useLoad("/sessions");
  return html`<${Page} title="Account"><div class="columns"><${Name} person=${person} /><${Password} person=${person} /><${SecondStep} person=${person} /><${Keyboard} /></div>
    <${Card} title="Where you are signed in"><${Fault} problem=${sessions.problem} retry=${sessions.reload} />
      ${!sessions.data ? !sessions.problem && html`<${Waiting} />` : html`<table class="cards"><caption class="hidden">Sessions</caption><thead><tr><th>Browser</th><th>Last seen</th><th>Signed in</th><th><span class="hidden">Actions</span></th></tr></thead>
        <tbody>${sessions.data.sessions.map((of) => html`<${Session} key=${of.id} of=${of} reload=${sessions.reload} />`)}</tbody></table>`}</${Card}></${Page}>`;
}
