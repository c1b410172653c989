// The front desk of a location: who is expected, who is here.
import {Badge, Button, Card, Empty, Fault, Icon, More, Page, Text, Texts, Time, Waiting} from "../parts/basic.js";
import {Ask} from "../parts/dialog.js";
import {NoPlace, PlacePick} from "../parts/place_pick.js";
import {Rows} from "../parts/rows.js";
import {tell, toast} from "../parts/toast.js";
import {CheckIn, PreRegister, WalkIn} from "../parts/visitor_forms.js";
import {get, post, query} from "../lib/api.js";
import {html, useEffect, useState} from "../lib/html.js";
import {useChanges} from "../lib/live.js";
import {useAction, usePages} from "../lib/load.js";
import {usePlace} from "../lib/places.js";
import {HOME, useQuery} from "../lib/router.js";
import {may} from "../lib/session.js";
import {day, midnight} from "../lib/time.js";

const PAUSE_MS = 150;
const DAY_LOOK_MS = 20_000;
const LATE_MS = 900_000;
const NIGHT_MS = 6 * 3_600_000;
const VISIT_ID = /^vis_[0-9a-hjkmnp-tv-z]{26}$/;
const STATES = {expected: ["busy", "Expected"], checked_in: ["good", "On site"], checked_out: ["off", "Left"], cancelled: ["off", "Cancelled"], no_show: ["warn", "Did not come"]};
const VIEWS = [["expected", "Expected today"], ["checked_in", "On site"], ["overdue", "Overdue"], ["later", "Later"], ["checked_out", "Left today"]];

const initials = (name) => name.replace(/\p{Cf}/gu, "").split(/\s+/).filter(Boolean).slice(0, 2).map((word) => [...word][0]).join("").toUpperCase();

const cameIn = (made) => html`<${Text} of=${made.full_name} /> is checked in${made.badge_number && html`, badge <${Text} of=${made.badge_number} />`}.`;

// The place's day. In its first hours whoever was expected late on the day before may still come: `since` is when those begin
// who are expected, and who was expected before it is overdue.
function dayOf(zone) {
  const from = midnight(zone);
  const begin = Date.parse(from);
  return {from, to: midnight(zone, 1), since: Date.now() - begin < NIGHT_MS ? new Date(begin - NIGHT_MS).toISOString() : from};
}

// A desk that is left open overnight shows the new one.
function useToday({timezone}) {
  const [today, set] = useState(() => dayOf(timezone));
  useEffect(() => {
    const timer = setInterval(() => set((old) => {
      const now = dayOf(timezone);
      return now.since === old.since ? old : now;
    }), DAY_LOOK_MS);
    return () => clearInterval(timer);
  }, [timezone]);
  return today;
}

// The list of a view; what is written into the search looks at everybody of the location.
function pathOf(view, q, place, today) {
  // By the departure: who came yesterday and left today is among them.
  if (view === "checked_out" && !q) return `/departures${query({location_id: place.id, limit: 50, from: today.from})}`;
  const own = {
    expected: {status: "expected", expected_from: today.since, expected_to: today.to, sort: "expected_at"},
    overdue: {status: "expected", expected_to: today.since, sort: "-expected_at"},
    later: {status: "expected", expected_from: today.to, sort: "expected_at"},
    checked_in: {status: "checked_in", sort: "-checked_in_at"},
  }[view];
  return `/v1/visitors${query({location_id: place.id, limit: 50, ...(q ? {q} : own)})}`;
}

function CheckOut({of, onDone}) {
  const action = useAction(async (intent) => {
    await post(`/v1/visitors/${of.id}/check-out`, undefined, {intent});
    toast(html`<${Text} of=${of.full_name} /> has left.`);
    onDone();
  });
  return html`<${Button} kind="small" isBusy=${action.isBusy} onClick=${() => action.run()} aria-label="Check out ${of.full_name}">Check out</${Button}>
    ${action.problem && html`<${Fault} problem=${action.problem} />`}`;
}

function When({of, zone}) {
  if (of.status === "checked_in") return html`since <${Time} at=${of.checked_in_at} zone=${zone} />`;
  if (of.status === "checked_out") return html`left <${Time} at=${of.checked_out_at} zone=${zone} />`;
  if (!of.expected_at) return null;
  const isLate = of.status === "expected" && new Date(of.expected_at) < Date.now() - LATE_MS;
  const begin = isLate && Date.parse(midnight(zone)); // Of today.
  if (isLate && Date.parse(of.expected_at) < begin) {
    const isYesterday = day(of.expected_at, zone) === day(begin - 1, zone);
    return html`<span>was expected ${isYesterday && "yesterday, "}<${Time} at=${of.expected_at} zone=${zone} /> <strong>(overdue)</strong></span>`;
  }
  return html`<span>expected <${Time} at=${of.expected_at} zone=${zone} />${isLate && html` <strong>(late)</strong>`}</span>`;
}

function Visitor({of, zone, open, reload, hasState}) {
  const [state, words] = STATES[of.status];
  const what = [of.company, of.host?.name && `visits ${of.host.name}`, of.badge_number && `badge ${of.badge_number}`].filter(Boolean);
  return html`<li class="visitor"><span class="initials" aria-hidden="true">${initials(of.full_name)}</span>
    <div><div class="name"><${Text} of=${of.full_name} /> ${hasState && html`<${Badge} state=${state}>${words}</${Badge}>`}</div>
      <div class="quiet small wrap-any"><${Texts} of=${what} />${what.length > 0 && " · "}<${When} of=${of} zone=${zone} /></div></div>
    ${may("front_desk") && html`<div class="does">${of.status === "expected" && html`<${Button} kind="small plain" onClick=${() => open({cancel: of})} aria-label="Cancel the visit of ${of.full_name}">Cancel</${Button}>
        <${Button} kind="small primary" onClick=${() => open({checkIn: of})} aria-label="Check in ${of.full_name}">Check in</${Button}>`}
      ${of.status === "checked_in" && html`<${CheckOut} of=${of} onDone=${reload} />`}</div>`}</li>`;
}

const EMPTY = {
  expected: ["Nobody else is expected today", "Pre-register visitors, and their hosts’ other systems know at once. Whoever just walks in is checked in with “Walk-in”."],
  checked_in: ["Nobody is on site", "Whoever is checked in appears here, and on the roll-call of an evacuation."],
  overdue: ["Nobody is overdue", "Whoever was expected on a day before, did not come and was not cancelled is listed here."],
  later: ["Nobody is expected after today", "Pre-register somebody for another day and the visit waits here."],
  checked_out: ["Nobody has left yet today", "Visitors that are checked out are listed until midnight."],
};

// What a scanner writes is a visit's id: found by itself. Apart from the list, which is not made anew at each letter.
function Search({open, onWords}) {
  const found = (of) => {
    if (of.status === "expected" && may("front_desk")) open({checkIn: of});
    else toast(html`<${Text} of=${of.full_name} />: ${STATES[of.status][1].toLowerCase()}.`);
  };
  const [text, setText] = useState("");
  useEffect(() => {
    const word = text.trim();
    const timer = setTimeout(async () => {
      if (!VISIT_ID.test(word)) {
        onWords(word);
        return;
      }
      const read = get(`/v1/visitors/${word}`);
      await read.then(found, (problem) => problem.status === 404 ? toast("There is no such visit.", {kind: "bad"}) : tell(problem));
      setText((now) => now.trim() === word ? "" : now); // What was written meanwhile stays.
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return html`<div class="field wide"><label class="hidden" for="search">Search visitors</label>
    <input id="search" type="search" placeholder="Search by name, company, e-mail, or scan a code  ( / )" value=${text} autocomplete="off" onInput=${(event) => setText(event.currentTarget.value)} /></div>`;
}

function Desk({place, places, turn}) {
  const [words, set] = useQuery();
  const [open, setOpen] = useState(null);
  const [q, setQ] = useState("");
  const view = words.view in EMPTY ? words.view : "expected";
  const today = useToday(place);
  const path = pathOf(view, q, place, today);
  const pages = usePages(path, "visitors");
  const reload = () => { void pages.reload(); void places.reload(); };
  useChanges(["visitor"], reload);
  useEffect(() => { if (turn > 0) reload(); }, [turn]);
  const close = (made) => {
    setOpen(null);
    if (!made) return;
    if (made.status === "checked_in") toast(cameIn(made));
    reload();
  };
  const [title, text] = q ? ["Nobody fits", "Names, companies and e-mail addresses are searched by the beginnings of their words, at this location."] : EMPTY[view];
  return html`<${Card}><div class="filters"><${Search} open=${setOpen} onWords=${setQ} />
      ${!q && html`<div class="segments" role="group" aria-label="Show">${VIEWS.map(([name, label]) => html`<button key=${name} type="button" aria-pressed=${view === name ? "true" : "false"} onClick=${() => set({view: name})}>
        ${label}${name === "checked_in" && html` <span class="number">${place.on_site_count}</span>`}</button>`)}</div>`}</div>
    <${Fault} problem=${pages.problem} retry=${pages.reload} />
    ${!pages.rows ? !pages.problem && html`<${Waiting} />` : pages.rows.length === 0 ? html`<${Empty} icon="desk" title=${title}><p>${text}</p></${Empty}>`
      : html`<${Rows} aria-label="Visitors" aria-live="off" rows=${pages.rows} row=${(of) => html`<${Visitor} key=${of.id} of=${of} zone=${place.timezone} open=${setOpen} reload=${reload} hasState=${q !== ""} />`} /><${More} pages=${pages} />`}
    <p class="hidden" role="status">${q && pages.rows ? `${pages.rows.length}${pages.more ? " and more" : ""} found` : ""}</p></${Card}>
    ${open?.checkIn && html`<${CheckIn} of=${open.checkIn} place=${place} places=${places} onClose=${close} />`}
    ${open?.cancel && html`<${Ask} title="Cancel this visit?" yes="Cancel the visit" onClose=${(done) => close(done ? {} : null)} work=${async (intent) => {
      await post(`/v1/visitors/${open.cancel.id}/cancel`, undefined, {intent});
      toast(html`The visit of <${Text} of=${open.cancel.full_name} /> is cancelled.`);
    }}><p><${Text} of=${open.cancel.full_name} /> is no longer expected. This can’t be undone; pre-register again if it was a mistake.</p></${Ask}>`}`;
}

export function Screen() {
  const places = usePlace();
  const [isNew, setNew] = useState(null);
  const [turn, setTurn] = useState(0); // Whoever was made elsewhere belongs into the list.
  const {place} = places;
  const close = (made) => {
    setNew(null);
    if (made?.status === "checked_in") toast(cameIn(made));
    if (made) setTurn(turn + 1);
  };
  return html`<${Page} title="Front desk" lead=${place && html`<${Text} of=${place.name} />: ${place.on_site_count} on site${place.capacity ? ` of ${place.capacity}` : ""}`}
      actions=${html`<${PlacePick} places=${places} />${place && may("front_desk") && html`<${Button} icon="plus" onClick=${() => setNew("walk")}>Walk-in</${Button}>
        <${Button} kind="primary" icon="plus" onClick=${() => setNew("pre")}>Pre-register</${Button}>`}`}>
    <${Fault} problem=${places.problem} retry=${places.reload} />
    ${place ? html`<${Desk} key=${place.id} place=${place} places=${places} turn=${turn} />` : places.isBusy ? html`<${Card}><${Waiting} /></${Card}>`
      : !places.problem && html`<${NoPlace} icon="desk" />`}
    ${isNew === "walk" && html`<${WalkIn} place=${place} onClose=${close} />`}${isNew === "pre" && html`<${PreRegister} place=${place} onClose=${close} />`}</${Page}>`;
}
