// One delivery: what it says, each attempt, what to do about it.
import {Card, Code, Fault, Note, Page, Text, Time, Waiting} from "../parts/basic.js";
import {Again} from "../parts/deliveries.js";
import {Exchange, State, pretty} from "../parts/exchange.js";
import {html, useState} from "../lib/html.js";
import {linkOf} from "../lib/links.js";
import {useLook} from "../lib/live.js";
import {useLoad} from "../lib/load.js";
import {HOME} from "../lib/router.js";
import {may} from "../lib/session.js";

const LOOK_MS = 2000;

function Story({of}) {
  if (of.state === "delivered") return html`<${Note} kind="good"><p><strong>Delivered</strong> after ${of.attempt_count} ${of.attempt_count === 1 ? "attempt" : "attempts"}.</p></${Note}>`;
  if (of.state === "failed") return html`<${Note} kind="bad"><p><strong>Given up.</strong> <${Text} of=${of.last_error} /></p></${Note}>`;
  if (of.state === "held") return html`<${Note} kind="warn"><p><strong>Held.</strong> Its endpoint fails at every attempt; this goes out by itself once it is back.</p></${Note}>`;
  return html`<${Note}><p><strong>On its way.</strong> <${Text} of=${of.last_error ?? "It is sent within moments."} />${of.next_attempt_at && html` Next try <${Time} at=${of.next_attempt_at} past />.`}</p></${Note}>`;
}

export function Screen({id, deliveryId}) {
  const delivery = useLoad(`/v1/webhooks/${id}/deliveries/${deliveryId}`);
  const [isRaw, showRaw] = useState(false);
  const of = delivery.data;
  const isFinished = of?.state === "failed" || of?.state === "delivered";
  useLook(LOOK_MS, delivery.reload, of !== null && !isFinished);
  return html`<${Page} title=${of?.event_type ?? "Delivery"} lead=${of && html`<span class="mono">${of.id}</span>`} back=${{href: `${HOME}/settings/webhooks/${id}?view=log`, name: "Deliveries"}}
      actions=${isFinished && may("admin") && html`<${Again} of=${of} onDone=${delivery.reload} kind="primary" />`}>
    <${Fault} problem=${delivery.problem} retry=${delivery.reload} />
    ${!of ? !delivery.problem && html`<${Card}><${Waiting} /></${Card}>` : html`<${Story} of=${of} />
      <${Card}><div class="card-body"><dl class="facts"><div><dt>State</dt><dd><${State} of=${of.state} />${of.test && " test"}</dd></div>
        <div><dt>Event of</dt><dd><${Time} at=${of.created_at} /></dd></div><div><dt>Event</dt><dd class="mono small">${of.test ? of.event_id : html`<a href=${linkOf(of.event_id)}>${of.event_id}</a>`}</dd></div>
        <div><dt>About</dt><dd class="mono small">${of.subject}</dd></div>${of.finished_at && html`<div><dt>Finished</dt><dd><${Time} at=${of.finished_at} /></dd></div>`}
        ${of.request_id && html`<div><dt>Caused by request</dt><dd class="mono small">${of.request_id}</dd></div>`}</dl></div></${Card}>
      <${Card} title="Attempts">${of.attempts.length === 0 ? html`<p class="card-body quiet">None yet.</p>`
        : [...of.attempts].reverse().map((attempt, at) => html`<${Exchange} key=${attempt.number} attempt=${attempt} isOpen=${at === 0} />`)}</${Card}>
      <${Card} title="Body, the same in each attempt" actions=${html`<button type="button" class="button small plain" aria-pressed=${isRaw ? "true" : "false"} onClick=${() => showRaw(!isRaw)}>Byte for byte</button>`}>
        <div class="card-body"><${Code} text=${isRaw ? of.body : pretty(of.body)} label="body" wrap=${isRaw} /></div></${Card}>`}</${Page}>`;
}
