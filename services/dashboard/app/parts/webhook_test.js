// "Test": a sample event is sent at once, and the whole exchange is shown.
import {Button, Card, Fault, Note} from "./basic.js";
import {Exchange} from "./exchange.js";
import {get, post} from "../lib/api.js";
import {EVENTS, wordsOf} from "../lib/events.js";
import {html, useRef, useEffect, useState} from "../lib/html.js";
import {useAction} from "../lib/load.js";
import {HOME} from "../lib/router.js";

const LOOK_MS = 300;
const LOOKS_MAX = 70; // Longer than an attempt may take.

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

export function Test({of, onSent}) {
  const own = of.events.includes("*") ? EVENTS.map((event) => event.type) : of.events;
  const [chosen, setType] = useState(own[0]);
  const type = own.includes(chosen) ? chosen : own[0]; // The choice may have been edited away.
  const [found, setFound] = useState(null);
  const isThere = useRef(true);
  useEffect(() => () => { isThere.current = false; }, []);
  const send = useAction(async (intent) => {
    setFound(null);
    const {id} = await post(`/v1/webhooks/${of.id}/test`, {event_type: type}, {intent});
    for (let look = 0; look < LOOKS_MAX && isThere.current; look++) {
      const delivery = await get(`/v1/webhooks/${of.id}/deliveries/${id}`).catch((problem) => {
        if (problem.status !== 404) throw problem; // It is written with its first attempt.
        return null;
      });
      if (delivery?.attempts.length > 0) {
        setFound(delivery);
        onSent();
        return true;
      }
      await sleep(LOOK_MS);
    }
    setFound({id, attempts: [], isLate: true});
    return true;
  });
  return html`<${Card} title="Test"><div class="card-body"><p class="quiet">Sends a sample payload to your URL, signed as a real one, marked <code>"test": true</code>.</p>
      <div class="row"><label class="hidden" for="test-type">Event to send</label><select id="test-type" class="auto" value=${type} onChange=${(event) => setType(event.currentTarget.value)}>
        ${own.map((one) => html`<option key=${one} value=${one} selected=${one === type}>${wordsOf(one)}</option>`)}</select>
        <${Button} kind="primary" icon="send" isBusy=${send.isBusy} onClick=${() => send.run()}>Test</${Button}></div>
      <${Fault} problem=${send.problem} />
      <div role="status">${send.isBusy && html`<p class="quiet">Sent. Waiting for your endpoint’s answer…</p>`}
        ${found && !found.isLate && (found.attempts.at(-1).verdict === "delivered"
          ? html`<${Note} kind="good"><p><strong>Your endpoint took it: HTTP ${found.attempts.at(-1).status}.</strong></p></${Note}>`
          : html`<${Note} kind="bad"><p><strong>It did not arrive.</strong> Below is what happened; nothing else was affected.</p></${Note}>`)}
        ${found?.isLate && html`<${Note} kind="warn"><p>No answer yet. <a href="${HOME}/settings/webhooks/${of.id}/deliveries/${found.id}">Follow this delivery</a>.</p></${Note}>`}</div></div>
    ${found?.attempts.length > 0 && html`<${Exchange} attempt=${found.attempts.at(-1)} body=${found.body} isOpen />`}</${Card}>`;
}
