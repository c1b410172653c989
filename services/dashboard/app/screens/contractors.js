// Contractors: who waits for approval, whose papers run out.
import {Badge, Button, Card, Empty, Fault, More, Note, Page, Text, Time, Waiting} from "../parts/basic.js";
import {Dialog} from "../parts/dialog.js";
import {Check, Field, Form, useForm} from "../parts/form.js";
import {ChoosePlace, PlaceName} from "../parts/place_pick.js";
import {Rows} from "../parts/rows.js";
import {toast} from "../parts/toast.js";
import {post, query} from "../lib/api.js";
import {html, useEffect, useState} from "../lib/html.js";
import {useChanges} from "../lib/live.js";
import {usePages} from "../lib/load.js";
import {usePlace} from "../lib/places.js";
import {useQuery} from "../lib/router.js";
import {may, session} from "../lib/session.js";
import {day, endOfDay} from "../lib/time.js";

const STATES = {pending: ["busy", "Waits for approval"], approved: ["good", "Approved"], rejected: ["bad", "Rejected"], expired: ["warn", "Approval ran out"]};
const COMPLIANCE = {compliant: ["good", "Papers in order"], expiring: ["warn", "Papers run out soon"], incomplete: ["warn", "Papers missing"], expired: ["bad", "Papers ran out"]};
const REASONS = {insurance_expired: "the insurance ran out", approval_expired: "the approval ran out", insurance_missing: "no insurance is on file",
  induction_missing: "no site induction was done", insurance_expiring: "the insurance runs out within 30 days", approval_expiring: "the approval runs out within 30 days"};
const VIEWS = [["pending", "To approve"], ["approved", "Approved"], ["expired", "Ran out"], ["rejected", "Rejected"], ["", "All"]];
const DAY_MS = 86_400_000;

function Papers({of, zone}) {
  const {compliance} = of;
  const [state, words] = COMPLIANCE[compliance.status];
  return html`<${Badge} state=${state}>${words}</${Badge}>
    ${compliance.reasons.length > 0 && html`<div class="quiet small">${compliance.reasons.map((reason) => REASONS[reason] ?? reason).join(", ")}</div>`}
    ${compliance.expires_at && html`<div class="quiet small">until ${day(compliance.expires_at, zone)}</div>`}`;
}

function Row({of, zone, open, places}) {
  const [state, words] = STATES[of.status];
  return html`<tr><td><strong class="wrap-any"><${Text} of=${of.company} /></strong><div class="quiet small wrap-any"><${Text} of=${of.trade} />${of.location_ids.map((id, at) => html`${at > 0 ? ", " : of.trade && " · "}<${PlaceName} key=${id} places=${places} id=${id} />`)}</div></td>
    <td data-name="Contact" class="small"><${Text} of=${of.contact?.name ?? "–"} /><div class="quiet">${of.contact?.phone ?? of.contact?.email}</div></td>
    <td data-name="State"><${Badge} state=${state}>${words}</${Badge}>${of.reason && html`<div class="quiet small wrap-any">“<${Text} of=${of.reason} />”</div>`}</td>
    <td data-name="Papers"><${Papers} of=${of} zone=${zone} /></td>
    <td class="end">${may("front_desk") && html`${of.status === "pending" && html`<${Button} kind="small" onClick=${() => open({reject: of})} aria-label="Reject ${of.company}">Reject</${Button}>`}
      ${(of.status === "pending" || of.status === "expired") && html`<${Button} kind="small primary" onClick=${() => open({approve: of})} aria-label="Approve ${of.company}">Approve</${Button}>`}`}</td></tr>`;
}

function Approve({of, zone, onClose}) {
  const year = new Date(Date.now() + 365 * DAY_MS).toISOString().slice(0, 10);
  const form = useForm({valid_until: year, reason: ""}, (_, intent, {ApproveContractorInput: body}) => post(`/v1/contractors/${of.id}/approve`, body, {intent}), {
    ApproveContractorInput: ({valid_until, reason}) => ({
      approved_by: session.get().person.name, reason: reason.trim() || undefined, valid_until: valid_until ? endOfDay(valid_until, zone) : undefined}),
  });
  const bad = of.compliance.reasons.filter((reason) => !reason.startsWith("approval"));
  return html`<${Dialog} title=${html`Approve <${Text} of=${of.company} />?`} onClose=${() => onClose(null)}><${Form} form=${form} submit="Approve" onDone=${onClose}>
    ${bad.length > 0 ? html`<${Note} kind="warn"><p><strong>Look at the papers first:</strong> ${bad.map((reason) => REASONS[reason] ?? reason).join(", ")}.</p></${Note}>`
      : html`<${Note} kind="good"><p>Insurance and induction are in order.</p></${Note}>`}
    <${Field} form=${form} name="valid_until" type="date" label="The approval holds until" hint="Leave it empty for no end." />
    <${Field} form=${form} name="reason" label="Why" isOptional /></${Form}></${Dialog}>`;
}

function Reject({of, onClose}) {
  const form = useForm({reason: ""}, (_, intent, {RejectContractorInput: body}) => post(`/v1/contractors/${of.id}/reject`, body, {intent}),
    {RejectContractorInput: ({reason}) => ({rejected_by: session.get().person.name, reason: reason.trim() || undefined})});
  return html`<${Dialog} title=${html`Reject <${Text} of=${of.company} />?`} onClose=${() => onClose(null)}><${Form} form=${form} submit="Reject" kind="danger" onDone=${onClose}>
    <${Field} form=${form} name="reason" label="Why" isOptional autofocus hint="Whoever asks later reads this." /></${Form}></${Dialog}>`;
}

function Enter({places, onClose}) {
  const [inducted, setInducted] = useState(false);
  const [isChoosing, choose] = useState(false);
  const [offered, offer] = useState(places.place ? [places.place.id] : []); // Where there are more than a page.
  const [where, setWhere] = useState(new Set(offered));
  const form = useForm({company: "", trade: "", contact_name: "", contact_email: "", contact_phone: "", insurance: ""}, (_, intent, {CreateContractorInput: body}) => post("/v1/contractors", body, {intent}), {CreateContractorInput: (v) => {
    const text = (name) => v[name].trim() || undefined;
    const contact = {name: text("contact_name"), email: text("contact_email"), phone: text("contact_phone")};
    return {company: v.company.trim(), trade: text("trade"), contact: Object.values(contact).some(Boolean) ? contact : undefined, location_ids: [...where],
      insurance_expires_at: v.insurance ? endOfDay(v.insurance, places.zone) : undefined, induction_completed_at: inducted ? new Date().toISOString() : undefined};
  }});
  const flip = (id, isOn) => setWhere((old) => {
    const next = new Set(old);
    next[isOn ? "add" : "delete"](id);
    return next;
  });
  const chosen = (one) => {
    choose(false);
    if (!one) return;
    offer((old) => old.includes(one.id) ? old : [...old, one.id]);
    flip(one.id, true);
  };
  return html`<${Dialog} title="Enter a contractor" onClose=${() => onClose(null)}><${Form} form=${form} submit="Enter" onDone=${onClose}
      known=${["contact.name", "contact.email", "contact.phone", "insurance_expires_at"]}>
    <div class="fields"><${Field} form=${form} name="company" label="Company" autofocus autocomplete="off" /><${Field} form=${form} name="trade" label="Trade" isOptional placeholder="Electrician" autocomplete="off" />
      <${Field} form=${form} name="contact_name" as="contact.name" label="Contact" isOptional autocomplete="off" /><${Field} form=${form} name="contact_phone" as="contact.phone" type="tel" label="Phone" isOptional placeholder="+41791234567" autocomplete="off" />
      <${Field} form=${form} name="contact_email" as="contact.email" type="email" label="E-mail" isOptional autocomplete="off" /><${Field} form=${form} name="insurance" as="insurance_expires_at" type="date" label="Insured until" isOptional /></div>
    <${Check} label="The site induction was done" isOn=${inducted} onChange=${setInducted} />
    ${places.list.length > 1 && html`<fieldset><legend>May work at</legend>${(places.hasMore ? offered : places.list.map((one) => one.id)).map((id) => html`<${Check} key=${id}
        label=${html`<${PlaceName} places=${places} id=${id} />`} isOn=${where.has(id)} onChange=${(isOn) => flip(id, isOn)} />`)}
      ${places.hasMore && html`<div><${Button} kind="small" icon="plus" onClick=${() => choose(true)}>Another location</${Button}></div>`}</fieldset>`}</${Form}>
    ${isChoosing && html`<${ChoosePlace} onClose=${chosen} />`}</${Dialog}>`;
}

function Soon({zone}) {
  const until = useState(() => new Date(Date.now() + 30 * DAY_MS).toISOString())[0];
  const soon = usePages(`/v1/contractors${query({status: "approved", expires_before: until, limit: 5})}`, "contractors");
  if (!soon.rows?.length) return null;
  return html`<${Note} kind="warn"><p><strong>Papers that run out within 30 days, or have:</strong></p><ul>${soon.rows.map((of) => html`<li key=${of.id}><${Text} of=${of.company} />, <${Time} at=${of.compliance.expires_at} zone=${zone} /></li>`)}</ul></${Note}>`;
}

export function Screen() {
  const places = usePlace();
  const [words, set] = useQuery();
  const [open, setOpen] = useState(null);
  const [text, setText] = useState("");
  const [q, setQ] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setQ(text.trim()), 150);
    return () => clearTimeout(timer);
  }, [text]);
  const view = words.view ?? "pending";
  const pages = usePages(`/v1/contractors${query(q ? {q} : {status: view === "all" ? "" : view})}`, "contractors");
  useChanges(["contractor"], pages.reload);
  const close = (verb) => (made) => {
    setOpen(null);
    if (!made) return;
    toast(html`<${Text} of=${made.company} /> is ${verb}.`);
    void pages.reload();
  };
  const enter = may("front_desk") && html`<${Button} kind="primary" icon="plus" onClick=${() => setOpen({enter: true})}>Enter a contractor</${Button}>`;
  return html`<${Page} title="Contractors" lead="Companies that work on site. Approve them once their papers are in order; your systems hear of it at once." actions=${enter}>
    <${Soon} zone=${places.zone} />
    <${Card}><div class="filters"><div class="field wide"><label class="hidden" for="search">Search contractors</label><input id="search" type="search" placeholder="Search companies ( / )" value=${text} onInput=${(event) => setText(event.currentTarget.value)} /></div>
        ${!q && html`<div class="segments" role="group" aria-label="Show">${VIEWS.map(([name, label]) => html`<button key=${name} type="button" aria-pressed=${view === (name || "all") ? "true" : "false"} onClick=${() => set({view: name || "all"})}>${label}</button>`)}</div>`}</div>
      <${Fault} problem=${pages.problem} retry=${pages.reload} />
      ${!pages.rows ? !pages.problem && html`<${Waiting} />` : pages.rows.length === 0
        ? html`<${Empty} icon="worker" title=${q ? "No company fits" : view === "pending" ? "Nobody waits for approval" : "None here"}><p>${q ? "Companies are searched by the beginnings of their words." : "Contractors are entered here or through the API, wait for approval, and may work once they are approved."}</p></${Empty}>`
        : html`<table class="cards"><caption class="hidden">Contractors</caption><thead><tr><th>Company</th><th>Contact</th><th>State</th><th>Papers</th><th><span class="hidden">Actions</span></th></tr></thead>
          <${Rows} isTable rows=${pages.rows} row=${(of) => html`<${Row} key=${of.id} of=${of} zone=${places.zone} open=${setOpen} places=${places} />`} /></table><${More} pages=${pages} />`}</${Card}>
    ${open?.approve && html`<${Approve} of=${open.approve} zone=${places.zone} onClose=${close("approved")} />`}
    ${open?.reject && html`<${Reject} of=${open.reject} onClose=${close("rejected")} />`}
    ${open?.enter && html`<${Enter} places=${places} onClose=${close("entered, and waits for approval")} />`}</${Page}>`;
}
