// A webhook's own headers. Their values are sealed: nobody sees them again, so a change of any asks for all of them,
// and so does an address elsewhere, as it must not be handed what was given to another.
import {Button, Note} from "./basic.js";
import {unsent} from "../lib/api.js";
import {html, useId, useState} from "../lib/html.js";

const HEADERS_MAX = 10;
let turns = 0;
const row = (name = "") => ({key: ++turns, name, value: ""});

const originOf = (url) => URL.canParse(url) ? new URL(url).origin : url;

// {rows, set, isOpen, open, of(): what to send, undefined for "as they are"}
export function useHeaders(of, url) {
  const names = Object.keys(of?.headers ?? {});
  const [rows, set] = useState(() => names.map(row));
  const [isReplacing, replace] = useState(names.length === 0);
  const isElsewhere = names.length > 0 && originOf(url.trim()) !== originOf(of.url);
  const isOpen = isReplacing || isElsewhere;
  const body = () => {
    if (!isOpen || (names.length === 0 && rows.length === 0)) return undefined;
    const given = rows.map((one) => [one.name.trim(), one.value.trim()]);
    const twice = given.find(([name], at) => given.findIndex(([other]) => other.toLowerCase() === name.toLowerCase()) < at);
    if (twice) throw unsent("A header stands twice", [{field: "headers", detail: `“${twice[0]}” is given twice.`}]);
    return Object.fromEntries(given);
  };
  return {names, rows, set, isOpen, isElsewhere, url: of?.url, open: () => replace(true), body};
}

// The fault of a header, by its name; of none in particular, by "".
const faultsOf = (fields) => Object.entries(fields ?? {}).filter(([field]) => /^headers\b/.test(field));

function Row({one, change, drop}) {
  const id = useId();
  const write = (name) => (event) => change({...one, [name]: event.currentTarget.value});
  return html`<li class="pair"><div class="field"><label for="${id}-name">Name</label>
      <input id="${id}-name" value=${one.name} onInput=${write("name")} autocomplete="off" spellcheck=${false} placeholder="Authorization" /></div>
    <div class="field"><label for="${id}-value">Value</label>
      <input id="${id}-value" type="password" value=${one.value} onInput=${write("value")} autocomplete="new-password" /></div>
    <${Button} icon="cross" kind="icon-only plain" aria-label="Remove the header ${one.name}" onClick=${drop} /></li>`;
}

export function Headers({headers, fields}) {
  const {names, rows, set, isOpen, isElsewhere, open} = headers;
  const faults = faultsOf(fields);
  const id = useId();
  return html`<details open=${names.length > 0 || faults.length > 0}><summary>Headers of its own</summary>
    <fieldset aria-describedby=${faults.length > 0 ? id : undefined}><legend class="hidden">Headers of its own</legend>
      <p class="hint">Sent with each request, for a gateway of yours that asks for them. Their values are kept sealed and never shown again.</p>
      ${isElsewhere && html`<${Note} kind="warn"><p>The address is elsewhere now: give the headers’ values anew, or remove them. They were meant for ${new URL(headers.url).host}.</p></${Note}>`}
      ${!isOpen ? html`<p>${names.map((name) => html`<code key=${name}>${name}: •••••••• </code>`)}</p><div><${Button} kind="small" onClick=${open}>Replace the headers</${Button}></div>`
        : html`<ul class="stack">${rows.map((one) => html`<${Row} key=${one.key} one=${one} change=${(next) => set(rows.map((old) => old.key === next.key ? next : old))}
            drop=${() => set(rows.filter((old) => old.key !== one.key))} />`)}</ul>
          ${rows.length < HEADERS_MAX && html`<div><${Button} kind="small" icon="plus" onClick=${() => set([...rows, row()])}>Add a header</${Button}></div>`}`}
      ${faults.length > 0 && html`<p class="fault" id=${id} role="alert">${faults.map(([, detail]) => detail).join(" ")}</p>`}</fieldset></details>`;
}
