// How an endpoint did in the last day, by the hour, and what Porter noted about it.
import {Card, Fault, Icon, Time} from "./basic.js";
import {query} from "../lib/api.js";
import {html} from "../lib/html.js";
import {useChanges, useLook} from "../lib/live.js";
import {useLoad} from "../lib/load.js";
import {HOME} from "../lib/router.js";
import {clock, micros, ownZone} from "../lib/time.js";

const HOUR_MS = 3_600_000;
const LOOK_MS = 5000;
const HEIGHT = 60;
const WIDTH = 10;
const KINDS = {"webhook.failing": ["bad", "It began to fail"], "webhook.recovered": ["good", "It came back"], "webhook.disabled": ["bad", "Porter disabled it"]};

export const rate = (perMille) => perMille === null ? "–" : `${perMille / 10}%`;
// Counts end somewhere.
const GLANCE_HELD_MAX = 1000;
export const many = (count, most = 10_000) => count >= most ? `${most.toLocaleString()} or more` : count.toLocaleString();

// Hours in which nothing was are left out of the answer.
function hoursOf(stats) {
  const known = new Map(stats.hours.map((hour) => [Date.parse(hour.hour), hour]));
  const all = [];
  for (let at = Date.parse(stats.since); at < Date.parse(stats.until); at += HOUR_MS) {
    const hour = known.get(at);
    all.push({at, good: hour?.succeeded_count ?? 0, bad: (hour?.attempt_count ?? 0) - (hour?.succeeded_count ?? 0), p95: hour?.p95_us ?? null});
  }
  return all;
}

function Bars({hours}) {
  const top = Math.max(1, ...hours.map((hour) => hour.good + hour.bad));
  const tall = (count) => count === 0 ? 0 : Math.max(2, count / top * HEIGHT);
  return html`<svg class="bars" viewBox="0 0 ${hours.length * WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true">${hours.map((hour, at) => {
    const good = tall(hour.good);
    const bad = tall(hour.bad);
    return html`<g key=${hour.at}><rect class="none" x=${at * WIDTH + 1} y=${HEIGHT - 1} width=${WIDTH - 2} height="1" /><rect class="good" x=${at * WIDTH + 1} y=${HEIGHT - good} width=${WIDTH - 2} height=${good} />
      <rect class="bad" x=${at * WIDTH + 1} y=${Math.max(0, HEIGHT - good - bad)} width=${WIDTH - 2} height=${bad} /></g>`;
  })}</svg>`;
}

export function Numbers({id}) {
  const load = useLoad(`/v1/webhooks/${id}/stats`);
  useChanges(["webhook"], load.reload);
  useLook(LOOK_MS, load.reload);
  const of = load.data;
  if (!of) return html`<${Fault} problem=${load.problem} retry=${load.reload} />`;
  const {totals} = of;
  const waiting = of.pending_count + of.held_count;
  const hours = hoursOf(of);
  return html`<${Card} title="The last 24 hours"><div class="card-body"><dl class="facts tight">
      <div><dt>Attempts succeeded</dt><dd><strong>${rate(totals.success_per_mille)}</strong> of ${totals.attempt_count.toLocaleString()}</dd></div>
      <div><dt>Delivered</dt><dd>${totals.delivered_count.toLocaleString()}</dd></div><div><dt>Given up</dt><dd>${totals.failed_count.toLocaleString()}</dd></div>
      <div><dt>Half answered within</dt><dd>${totals.p50_us === null ? "–" : micros(totals.p50_us)}</dd></div><div><dt>95 of 100 within</dt><dd>${totals.p95_us === null ? "–" : micros(totals.p95_us)}</dd></div>
      <div><dt>Waiting</dt><dd>${many(waiting)}${of.held_count > 0 && ` (${many(of.held_count)} held)`}${of.oldest_waiting_at && html`, the oldest from <${Time} at=${of.oldest_waiting_at} past />`}</dd></div></dl>
    ${totals.attempt_count > 0 && html`<${Bars} hours=${hours} /><div class="row apart quiet small"><span>${clock(hours[0].at, ownZone)}</span><span>${clock(hours.at(-1).at, ownZone)}</span></div>
      <details class="small"><summary>As a table</summary><div class="code"><table><caption class="hidden">Attempts by hour</caption><thead><tr><th>Hour</th><th>Succeeded</th><th>Failed</th><th>95 of 100 within</th></tr></thead>
        <tbody>${hours.filter((hour) => hour.good + hour.bad > 0).map((hour) => html`<tr key=${hour.at}><td>${clock(hour.at, ownZone)}</td><td class="number">${hour.good}</td><td class="number">${hour.bad}</td><td class="number">${hour.p95 === null ? "–" : micros(hour.p95)}</td></tr>`)}</tbody></table></div></details>`}</div></${Card}>`;
}

// What became of its state: the events about it.
export function Story({id}) {
  const load = useLoad(`/v1/events${query({subject: id, sort: "-created_at", limit: 5})}`);
  useChanges(["webhook"], load.reload);
  const events = load.data?.events.filter((event) => event.type in KINDS) ?? [];
  if (events.length === 0) return null;
  return html`<${Card} title="What happened to it"><ul class="feed">${events.map((event) => {
    const [tone, words] = KINDS[event.type];
    const {trouble} = event.data;
    return html`<li key=${event.id}><div class="row apart"><span class="badge ${tone}">${words}</span><a href="${HOME}/events/${event.id}"><${Time} at=${event.created_at} /></a></div>
      ${trouble?.detail && html`<p class="small">${trouble.detail}</p>`}
      ${trouble?.failure_count > 0 && html`<p class="quiet small">${trouble.failure_count.toLocaleString()} failures since <${Time} at=${trouble.since} />${trouble.held_count !== null && `, ${many(trouble.held_count)} held`}</p>`}</li>`;
  })}</ul></${Card}>`;
}

// For a row of a list: in how few words it goes; without numbers the row is good too.
export function Glance({of}) {
  if (!of) return html`<span class="quiet none">–</span>`;
  return html`<span class="nowrap">${of.attempt_count === 0 ? html`<span class="quiet">none was made</span>` : `${rate(of.success_per_mille)} of ${of.attempt_count.toLocaleString()}`}</span>
    ${of.last_failed_hour && html`<div class="quiet small nowrap">last failed after <${Time} at=${of.last_failed_hour} /></div>`}
    ${of.attempt_count > 0 && html`<div class="quiet small nowrap">95 of 100 within ${micros(of.p95_us)}</div>`}
    ${of.held_count > 0 && html`<div class="small nowrap"><${Icon} name="clock" /> ${many(of.held_count, GLANCE_HELD_MAX)} held</div>`}`;
}
