// Overview: what needs somebody, and how the last day went.
import {Card, Empty, Fault, Icon, Note, Page, Text, Time, Waiting} from "../parts/basic.js";
import {Chart} from "../parts/chart.js";
import {html} from "../lib/html.js";
import {linkOf} from "../lib/links.js";
import {useChanges, useLook} from "../lib/live.js";
import {useLoad} from "../lib/load.js";
import {HOME} from "../lib/router.js";
import {may} from "../lib/session.js";

const LOOK_MS = 30_000;

function Tile({count, words, href}) {
  const body = html`<b>${count.toLocaleString()}</b><span>${words}</span>`;
  return href ? html`<a class="tile" href=${HOME + href}>${body}</a>` : html`<div class="tile">${body}</div>`;
}

export function Screen() {
  const overview = useLoad("/overview");
  useChanges(["visitor", "evacuation", "webhook", "contractor"], overview.reload);
  useLook(LOOK_MS, overview.reload);
  const of = overview.data;
  const hasTimes = of?.hours.some((hour) => hour.p95_ms > 0);
  const hasEvents = of?.hours.some((hour) => hour.events + hour.delivered + hour.failed > 0);
  return html`<${Page} title="Overview" lead="The last 24 hours."><${Fault} problem=${overview.problem} retry=${overview.reload} />
    ${!of ? !overview.problem && html`<${Card}><${Waiting} /></${Card}>` : html`
      ${of.attention.length > 0 ? html`<${Card} title="Needs attention"><ul class="feed">${of.attention.map((one) => html`<li key=${one.kind + one.subject}><div class="row"><${Icon} name="warn" />
        ${linkOf(one.subject) ? html`<a href=${linkOf(one.subject)}><${Text} of=${one.name} /></a>` : html`<strong><${Text} of=${one.name} /></strong>`}<span>${one.text}</span>${one.at && html`<span class="quiet small"><${Time} at=${one.at} past /></span>`}</div></li>`)}</ul></${Card}>` : html`<${Note} kind="good"><p>Nothing needs you.</p></${Note}>`}
      <div class="tiles"><${Tile} count=${of.visitors.expected_today} words="expected today" href="/desk" /><${Tile} count=${of.visitors.on_site} words="on site now" href="/desk?view=checked_in" />
        <${Tile} count=${of.deliveries_24h.delivered} words="webhook deliveries" href="/settings/webhooks" /><${Tile} count=${of.deliveries_24h.failed} words="given up" href="/settings/webhooks" />
        <${Tile} count=${of.deliveries_24h.waiting} words="waiting to go out" href="/settings/webhooks" /><${Tile} count=${of.rate_limited_24h} words="calls over the rate limit" href=${may("admin") ? "/settings/api" : undefined} /></div>
      ${hasEvents ? html`<div class="columns"><${Card} title="Events and deliveries, by hour"><${Chart} label="Events, deliveries and failures by hour" hours=${of.hours} series=${[["events", "Events", "busy"], ["delivered", "Delivered", "good"], ["failed", "Failed", "bad"]]} /></${Card}>
          ${hasTimes && html`<${Card} title="From an event to its delivery, ms"><${Chart} label="Median and 95th percentile of the time to deliver, by hour" hours=${of.hours} series=${[["p50_ms", "Median", "accent"], ["p95_ms", "95 of 100 are faster", "warn"]]} /></${Card}>`}</div>`
        : html`<${Card}><${Empty} icon="chart" title="Quiet so far"><p>Once visitors check in, their events and the deliveries to your webhooks are drawn here by the hour.</p></${Empty}></${Card}>`}`}</${Page}>`;
}
