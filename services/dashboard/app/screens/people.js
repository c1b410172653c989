// Settings > People: who may sign in, and as what.
import {Badge, Button, Card, Copy, Fault, More, Note, Page, Text, Time, Waiting} from "../parts/basic.js";
import {Ask, Dialog} from "../parts/dialog.js";
import {Field, Form, useForm} from "../parts/form.js";
import {Rows} from "../parts/rows.js";
import {toast} from "../parts/toast.js";
import {patch, post, remove} from "../lib/api.js";
import {html, useState} from "../lib/html.js";
import {useLoad, usePages} from "../lib/load.js";
import {ROLES, may, session} from "../lib/session.js";

// Only owners make or change owners.
const rolesFor = () => Object.entries(ROLES).filter(([role]) => role !== "owner" || may("owner")).map(([role, [name, words]]) => [role, `${name}: ${words}`]);
const mayTouch = (of) => of.id !== session.get().person.id && (of.role !== "owner" || may("owner"));

function Person({of, open}) {
  const isMe = of.id === session.get().person.id;
  return html`<tr><td><strong class="wrap-any"><${Text} of=${of.name || of.email} /></strong>${isMe && html` <span class="quiet">(you)</span>`}<div class="quiet small wrap-any">${of.email}</div></td>
    <td data-name="Role">${ROLES[of.role]?.[0] ?? of.role}</td>
    <td data-name="State"><${Badge} state=${of.disabled_at ? "off" : "good"}>${of.disabled_at ? "Removed" : "Active"}</${Badge}></td>
    <td data-name="Second step">${of.totp_enabled ? html`<${Badge} state="good">On</${Badge}>` : html`<${Badge}>Off</${Badge}>`}</td>
    <td data-name="Last seen"><${Time} at=${of.last_seen_at} past /></td>
    <td class="end">${!of.disabled_at && mayTouch(of) && html`<${Button} kind="small" onClick=${() => open({change: of})} aria-label="Change ${of.name || of.email}">Change</${Button}>
      <${Button} kind="small" onClick=${() => open({renew: of})} aria-label="New password for ${of.name || of.email}">New password</${Button}>
      <${Button} kind="small" onClick=${() => open({drop: of})} aria-label="Remove ${of.name || of.email}">Remove</${Button}>`}</td></tr>`;
}

function Change({of, onClose}) {
  const form = useForm({name: of.name, role: of.role}, (_, intent, {UpdatePersonInput: body}) => patch(`/people/${of.id}`, body, {intent}),
    {UpdatePersonInput: ({name, role}) => ({name: name.trim(), role})});
  return html`<${Dialog} title=${html`Change <${Text} of=${of.name || of.email} />`} onClose=${() => onClose(false)}><${Form} form=${form} submit="Save" onDone=${() => onClose(true)}>
    <${Field} form=${form} name="name" label="Name" autofocus /><${Field} form=${form} name="role" label="Role" options=${rolesFor()} /></${Form}></${Dialog}>`;
}

// A link that lets somebody in: it stays until whoever made it has it.
function LinkOnce({title, label, made, onClose}) {
  return html`<${Dialog} title=${title} isFixed onClose=${onClose}><div class="dialog-body">
      <${Note} kind="warn"><p><strong>Send this link to them now: it is only shown this once.</strong> It works once, until <${Time} at=${made.expires_at} />.</p></${Note}>
      <div class="secret"><output aria-label=${label}>${made.link}</output></div></div>
    <footer class="dialog-foot"><${Copy} text=${made.link} label="Copy link" kind="primary" /><${Button} onClick=${onClose}>Done</${Button}></footer></${Dialog}>`;
}

// For who forgot theirs. Nothing changes until the link is used.
function NewPassword({of, onClose}) {
  const [made, setMade] = useState(null);
  const form = useForm({}, (_, intent) => post(`/people/${of.id}/reset-password`, undefined, {intent}));
  const name = html`<${Text} of=${of.name || of.email} />`;
  if (made) return html`<${LinkOnce} title=${html`A new password for ${name}`} label="Password link" made=${made} onClose=${() => onClose(false)} />`;
  return html`<${Dialog} title=${html`A new password for ${name}?`} isFixed=${form.isBusy} onClose=${() => onClose(false)}><${Form} form=${form} submit="Make the link" onDone=${setMade}>
    <p>You get a link by which ${name} chooses a new password. Until it is used the old one works; then all their sessions end.</p></${Form}></${Dialog}>`;
}

function Invite({onClose}) {
  const [made, setMade] = useState(null);
  const form = useForm({email: "", role: "front_desk"}, (_, intent, {CreateInvitationInput: body}) => post("/invitations", body, {intent}),
    {CreateInvitationInput: ({email, role}) => ({email: email.trim(), role})});
  if (made) return html`<${LinkOnce} title=${html`Invitation for <${Text} of=${made.email} />`} label="Invitation link" made=${made} onClose=${() => onClose(true)} />`;
  return html`<${Dialog} title="Invite somebody" isFixed=${form.isBusy} onClose=${() => onClose(false)}><${Form} form=${form} submit="Make the invitation" onDone=${setMade}>
    <${Field} form=${form} name="email" type="email" label="E-mail" autofocus autocomplete="off" /><${Field} form=${form} name="role" label="Role" options=${rolesFor()} /></${Form}></${Dialog}>`;
}

export function Screen() {
  const people = usePages("/people", "people");
  const invitations = useLoad("/invitations");
  const [open, setOpen] = useState(null);
  const close = (isDone) => {
    setOpen(null);
    if (isDone) {
      void people.reload();
      void invitations.reload();
    }
  };
  const waiting = invitations.data?.invitations ?? [];
  return html`<${Page} title="People" lead="Who may sign in to this dashboard, and what they may do." actions=${html`<${Button} kind="primary" icon="plus" onClick=${() => setOpen({invite: true})}>Invite</${Button}>`}>
    <${Fault} problem=${people.problem} retry=${people.reload} />
    ${!people.rows ? !people.problem && html`<${Card}><${Waiting} /></${Card}>` : html`<${Card}><table class="cards"><caption class="hidden">People</caption><thead><tr><th>Name</th><th>Role</th><th>State</th><th>Second step</th><th>Last seen</th><th><span class="hidden">Actions</span></th></tr></thead>
      <${Rows} isTable rows=${people.rows} row=${(of) => html`<${Person} key=${of.id} of=${of} open=${setOpen} />`} /></table><${More} pages=${people} /></${Card}>`}
    ${waiting.length > 0 && html`<${Card} title="Invited"><table class="cards"><caption class="hidden">Invitations</caption><thead><tr><th>E-mail</th><th>Role</th><th>Works until</th><th><span class="hidden">Actions</span></th></tr></thead>
      <tbody>${waiting.map((of) => html`<tr key=${of.id}><td class="wrap-any">${of.email}</td><td data-name="Role">${ROLES[of.role]?.[0] ?? of.role}</td><td data-name="Works until"><${Time} at=${of.expires_at} /></td>
        <td class="end"><${Button} kind="small" onClick=${() => setOpen({withdraw: of})} aria-label="Withdraw the invitation of ${of.email}">Withdraw</${Button}></td></tr>`)}</tbody></table></${Card}>`}
    <${Card} title="Roles"><dl class="card-body">${Object.entries(ROLES).map(([role, [name, words]]) => html`<div key=${role}><dt><strong>${name}</strong></dt><dd class="quiet">${words}</dd></div>`)}</dl></${Card}>
    ${open?.invite && html`<${Invite} onClose=${close} />`}${open?.change && html`<${Change} of=${open.change} onClose=${close} />`}
    ${open?.renew && html`<${NewPassword} of=${open.renew} onClose=${close} />`}
    ${open?.drop && html`<${Ask} title=${html`Remove <${Text} of=${open.drop.name} />?`} yes="Remove" onClose=${close} work=${async (intent) => { await remove(`/people/${open.drop.id}`, {intent}); toast(html`<${Text} of=${open.drop.name} /> can no longer sign in.`); }}>
      <p><${Text} of=${open.drop.name} /> is signed out everywhere at once and can’t sign in again. What they did stays in the audit log.</p></${Ask}>`}
    ${open?.withdraw && html`<${Ask} title="Withdraw this invitation?" yes="Withdraw" onClose=${close} work=${async (intent) => { await remove(`/invitations/${open.withdraw.id}`, {intent}); toast("The link no longer works."); }}>
      <p>The link that ${open.withdraw.email} got stops working.</p></${Ask}>`}</${Page}>`;
}
