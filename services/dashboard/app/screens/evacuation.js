// The roll-call, made for a phone in the rain: one large button a person, counts that everybody sees
// grow. After the end it is the report.
import {Button, Card, Empty, Fault, Icon, Note, Page, Text, Time, Waiting, save} from "../parts/basic.js";
import {Ask} from "../parts/dialog.js";
import {useRoster} from "../parts/roster.js";
import {toast} from "../parts/toast.js";
import {post} from "../lib/api.js";
import {html, useEffect, useMemo, useState} from "../lib/html.js";
import {useChanges, useLook} from "../lib/live.js";
import {usePlace, usePlaceOf} from "../lib/places.js";
import {HOME} from "../lib/router.js";
import {may, session} from "../lib/session.js";
import {full, span} from "../lib/time.js";

const LOOK_MS = 5000; // Beside the live changes: here nobody may wait for a lost message.

// A tap finds somebody, and never loses one: two marshals may tap at once, or one twice.
function Person({one, isUnsure, mark, lose, isOver, zone}) {
  const who = html`<span><strong><${Text} of=${one.full_name} /></strong><span class="quiet small">${one.host?.name && html`visits <${Text} of=${one.host.name} /> · `}in since <${Time} at=${one.checked_in_at} zone=${zone} /></span>
    ${isUnsure && html`<span class="small">saving…</span>`}
    ${one.accounted_for && one.accounted_for_by && html`<span class="small">found by <${Text} of=${whoIs(one.accounted_for_by)} />, <${Time} at=${one.accounted_for_at} zone=${zone} /></span>`}</span>`;
  const tick = html`<span class="tick" aria-hidden="true"><${Icon} name="check" /></span>`;
  if (isOver) return html`<div class="person" aria-pressed=${undefined}>${one.accounted_for ? html`<span class="badge good">Found</span>` : html`<span class="badge bad">Missing</span>`}${who}</div>`;
  const tap = async () => {
    if (one.accounted_for) lose(one);
    else if (await mark(one, true)) toast(html`<${Text} of=${one.full_name} /> is accounted for.`, {undo: () => mark(one, false)});
  };
  return html`<button type="button" class="person" aria-pressed=${one.accounted_for ? "true" : "false"} onClick=${tap}>${tick}${who}</button>`;
}

// Everybody is in the page, so that a print misses nobody, nor does the browser's own search; who is far from what is seen is
// not laid out (.roll), and a row that stays as it was is not made again. What is searched for leaves the others out on the
// screen only.
function Roll({people, unsure, mark, lose, isOver, zone}) {
  const [words, setWords] = useState("");
  const made = useMemo(() => new WeakMap(), [mark, lose, isOver, zone]);
  const rows = useMemo(() => new WeakMap(), [made]);
  const person = (one, isUnsure) => {
    if (made.get(one)?.isUnsure !== isUnsure) made.set(one, {isUnsure, row: html`<${Person} one=${one} isUnsure=${isUnsure} mark=${mark} lose=${lose} isOver=${isOver} zone=${zone} />`});
    return made.get(one).row;
  };
  const wanted = words.trim().toLocaleLowerCase();
  const line = (one) => {
    const inside = person(one, unsure.has(one.visitor_id));
    const isOut = !one.full_name.toLocaleLowerCase().includes(wanted);
    const had = rows.get(one);
    if (had?.inside !== inside || had.isOut !== isOut) rows.set(one, {inside, isOut, row: html`<li key=${one.visitor_id} class=${isOut ? "left-out" : ""}>${inside}</li>`});
    return rows.get(one).row;
  };
  return html`${people.length > 8 && html`<div class="field no-print"><label class="hidden" for="search">Find a person</label><input id="search" type="search" placeholder="Find a person" value=${words} onInput=${(event) => setWords(event.currentTarget.value)} /></div>`}
    <ul class="roll" aria-label="Who was on site">${people.map(line)}</ul>`;
}

// A cell that a spreadsheet must not take for a formula.
const cell = (text) => `"${String(text ?? "").replace(/^(?=[=+\-@\t\r])/, "'").replaceAll('"', '""')}"`;

function csvOf(of, people, zone) {
  const rows = [["Name", "Host", "Checked in", "Accounted for", "When", "By"]];
  for (const one of people) rows.push([one.full_name, one.host?.name, full(one.checked_in_at, zone), one.accounted_for ? "yes" : "no", one.accounted_for_at && full(one.accounted_for_at, zone), one.accounted_for_by]);
  return `\uFEFF${rows.map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;
}

function Counts({of, people}) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (of.status !== "active") return undefined;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [of.status]);
  const found = people.filter((one) => one.accounted_for).length;
  const missing = people.length - found;
  return html`<${Card}><div class="card-body"><div class="row apart"><div><span class="big-count" role="status" aria-label="${missing} missing, ${found} of ${people.length} accounted for">${missing}</span> <strong>missing</strong></div>
      <div class="quiet">${found} of ${people.length} accounted for</div><div class="quiet number">${span((of.ended_at ? new Date(of.ended_at) : now) - new Date(of.activated_at))}</div></div>
    <div class="meter" aria-hidden="true"><i style=${{inlineSize: `${people.length === 0 ? 100 : found / people.length * 100}%`}}></i></div></div></${Card}>`;
}

function Report({of, people, zone}) {
  return html`<${Button} icon="print" onClick=${() => print()}>Print</${Button}>
    <${Button} icon="down" onClick=${() => save(`evacuation-${of.activated_at.slice(0, 10)}.csv`, csvOf(of, people, zone), "text/csv")}>CSV</${Button}>`;
}

// A program that gave no name is its key, of which not everybody may see the name.
const whoIs = (by) => by.startsWith("key_") ? "an API key" : by;

export function Screen({id}) {
  const roster = useRoster(id);
  const {of, people} = roster;
  const places = usePlace();
  const [isEnding, end] = useState(false);
  const [lost, lose] = useState(null);
  useChanges(["evacuation"], roster.reload);
  useLook(LOOK_MS, roster.reload, of?.status === "active");
  const place = usePlaceOf(places, of?.location_id);
  const zone = place?.timezone ?? places.zone;
  const isOver = of?.status === "ended";
  const canMark = !isOver && may("front_desk");
  const missing = people?.filter((one) => !one.accounted_for).length;
  return html`<${Page} title=${!of ? "Roll-call" : `${of.drill ? "Drill" : "Evacuation"}${place ? `: ${place.name}` : ""}`} back=${{href: `${HOME}/evacuations`, name: "Evacuation"}}
      lead=${of && html`Activated <${Time} at=${of.activated_at} zone=${zone} />${of.activated_by && html` by <${Text} of=${whoIs(of.activated_by)} />`}${of.reason && html`: <${Text} of=${of.reason} />`}${of.ended_at && html`. Ended <${Time} at=${of.ended_at} zone=${zone} />${of.ended_by && html` by <${Text} of=${whoIs(of.ended_by)} />`}.`}`}
      actions=${people && html`<${Report} of=${of} people=${people} zone=${zone} />${canMark && html`<${Button} kind="danger" onClick=${() => end(true)}>${of.drill ? "End the drill" : "End evacuation"}</${Button}>`}`}>
    <${Fault} problem=${roster.problem} retry=${roster.reload} />
    ${!people ? !roster.problem && html`<${Card}><${Waiting} /></${Card}>` : html`<${Counts} of=${of} people=${people} />
      ${people.length === 0 ? html`<${Card}><${Empty} icon="check" title="Nobody was on site"><p>No visitor was checked in when it was activated.</p></${Empty}></${Card}>`
        : html`<${Roll} people=${people} unsure=${roster.unsure} mark=${roster.mark} lose=${lose} isOver=${!canMark} zone=${zone} />`}`}
    ${lost && html`<${Ask} title="Not found after all?" yes="Mark as missing" onClose=${() => lose(null)} work=${async () => { await roster.mark(lost, false); }}>
      <p><${Text} of=${lost.full_name} /> is accounted for${lost.accounted_for_by ? html`, found by <${Text} of=${whoIs(lost.accounted_for_by)} />` : ""}.</p></${Ask}>`}
    ${isEnding && html`<${Ask} title="End it?" yes=${of.drill ? "End the drill" : "End evacuation"} onClose=${() => end(false)} work=${async (name) => {
      roster.set(await post(`/v1/evacuations/${id}/end`, {ended_by: session.get().person.name}, {intent: name}));
      toast("It has ended. The report stays here.");
    }}>${missing > 0 ? html`<${Note} kind="bad"><p><strong>${missing} ${missing === 1 ? "person is" : "people are"} still missing.</strong> After the end nobody can be marked any more.</p></${Note}>`
      : html`<${Note} kind="good"><p>Everybody is accounted for.</p></${Note}>`}</${Ask}>`}</${Page}>`;
}
