// The small parts that every screen is made of.
import {html, useEffect, useRef, useState} from "../lib/html.js";
import {enclosed} from "../lib/text.js";
import {ago, brief, full, ownZone} from "../lib/time.js";

const ICONS = {
  desk: "M4 20v-2a5 5 0 0 1 5-5h2a5 5 0 0 1 5 5v2M10 9.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7M17 11l2 2 4-4",
  worker: "M4 18h16M6 18v-3a6 6 0 0 1 12 0v3M10 9V5h4v4",
  siren: "M6 19v-6a6 6 0 0 1 12 0v6M4 21h16M12 3V1M4.5 5.5 3 4M19.5 5.5 21 4",
  chart: "M4 20V4M4 20h16M8 16v-4M12 16V8M16 16v-6",
  key: "M14.5 9.5a4.5 4.5 0 1 0-4.4 4.5L12 16h2v2h2v2h4v-3.2l-5.6-5.6M8 8.5h.01",
  hook: "M9 12a4 4 0 1 0-4.6 4M12 8l3.5 6.2a4 4 0 1 1-.6 5.6M12 8a4 4 0 1 0-2-7.3M5 18h9",
  people: "M3 20v-1a5 5 0 0 1 5-5h2a5 5 0 0 1 5 5v1M9 10.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7M17 14a5 5 0 0 1 4 5v1M15.5 3.8a3.5 3.5 0 0 1 0 6.4",
  log: "M6 3h9l4 4v14H6zM9 11h7M9 15h7M9 7h3",
  person: "M5 20v-1a6 6 0 0 1 6-6h2a6 6 0 0 1 6 6v1M12 10a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  check: "M4 12.5 9.5 18 20 7",
  cross: "M6 6l12 12M18 6 6 18",
  eye: "M2 12s3.5-7 10-7 10 7 10 7-3.5 7-10 7-10-7-10-7M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  menu: "M4 6h16M4 12h16M4 18h16",
  sun: "M12 17a5 5 0 1 0 0-10 5 5 0 0 0 0 10M12 1v2M12 21v2M4.2 4.2l1.4 1.4M18.4 18.4l1.4 1.4M1 12h2M21 12h2M4.2 19.8l1.4-1.4M18.4 5.6l1.4-1.4",
  warn: "M12 4 2.5 20h19zM12 10v4M12 17h.01",
  info: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18M12 11v5M12 8h.01",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18M12 7v5l3 2",
  retry: "M20 11a8 8 0 1 0-2.3 6.3M20 5v6h-6",
  send: "M4 12 21 4l-5 16-4-7zM12 13l9-9",
  print: "M7 8V3h10v5M7 17H4v-7a2 2 0 0 1 2-2h12a2 2 0 0 1 2 2v7h-3M7 14h10v7H7z",
  plus: "M12 5v14M5 12h14",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14M16 16l5 5",
  down: "M12 4v12M6 11l6 6 6-6M5 21h14",
};

export function Icon({name}) {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=${ICONS[name]} /></svg>`;
}

// A button that says when it is at work, and then takes no second click.
export function Button({kind = "", icon, isBusy, children, class: more = "", ...rest}) {
  return html`<button type="button" ...${rest} class="button ${kind} ${more}" aria-disabled=${isBusy ? "true" : undefined}
      onClick=${isBusy ? (event) => event.preventDefault() : rest.onClick}>
    ${isBusy ? html`<span class="spinner" aria-hidden="true"></span>` : icon && html`<${Icon} name=${icon} />`}${children}</button>`;
}

// state: good, bad, warn, busy, off
export function Badge({state = "off", children}) {
  return html`<span class="badge ${state}">${children}</span>`;
}

// What somebody wrote, in its own direction, and without a hold on what stands beside it. Everything goes through it that
// shares a line with other words.
export function Text({of}) {
  return html`<bdi>${enclosed(of)}</bdi>`;
}

// Several of them in a row; what is not there is left out.
export function Texts({of}) {
  return of.filter(Boolean).map((one, at) => html`${at > 0 && " · "}<${Text} of=${one} />`);
}

// An instant: brief, in words on hover; `past` says how long ago.
export function Time({at, zone = ownZone, past = false}) {
  const [, tick] = useState(0);
  useEffect(() => {
    if (!past) return undefined;
    const timer = setInterval(() => tick((n) => n + 1), 30_000);
    return () => clearInterval(timer);
  }, [past]);
  if (!at) return html`<span class="quiet none">–</span>`;
  return html`<time datetime=${at} title="${full(at, zone)} (${zone})">${past ? ago(at) : brief(at, zone)}</time>`;
}

// What went wrong, with what helps whoever is asked about it.
export function Fault({problem, retry}) {
  if (!problem) return null;
  const more = problem.fields?.[""];
  return html`<div class="note bad" role="alert">
    <${Icon} name="warn" />
    <div><strong>${problem.title}</strong>
      <p>${more ?? problem.message}${problem.retryAfter > 0 && ` Wait ${problem.retryAfter} s.`}</p>
      ${problem.requestId && html`<p class="quiet small">Request <code>${problem.requestId}</code></p>`}
      ${retry && html`<${Button} kind="small" icon="retry" onClick=${retry}>Try again</${Button}>`}
    </div></div>`;
}

export function Note({kind = "info", icon = kind === "info" ? "info" : kind === "good" ? "check" : "warn", children}) {
  return html`<div class="note ${kind}"><${Icon} name=${icon} /><div>${children}</div></div>`;
}

// Nothing there yet: says what would be, and how to get it.
export function Empty({icon, title, children, action}) {
  return html`<div class="empty"><span class="empty-icon"><${Icon} name=${icon} /></span><h2>${title}</h2>
    <div class="empty-text">${children}</div>${action}</div>`;
}

export function Waiting({lines = 4}) {
  return html`<div class="waiting" role="status"><span class="hidden">Loading</span>
    ${Array.from({length: lines}, (_, at) => html`<span key=${at} class="bone"></span>`)}</div>`;
}

export function Copy({text, label = "Copy", kind = "small", isIcon = false, onCopied}) {
  const [state, setState] = useState("");
  const timer = useRef(0);
  const copy = async () => {
    clearTimeout(timer.current);
    try {
      await navigator.clipboard.writeText(text);
      setState("Copied");
      onCopied?.();
    } catch {
      setState("Press Ctrl+C"); // The browser forbids it: what to copy is selectable.
    }
    timer.current = setTimeout(() => setState(""), 2000);
  };
  return html`<button type="button" class="button ${kind} ${isIcon ? "icon-only" : ""}" onClick=${copy} aria-label=${isIcon ? `${label}` : undefined}>
    <${Icon} name=${state === "Copied" ? "check" : "copy"} />${isIcon ? "" : state || label}
    <span class="hidden" role="status">${state}</span></button>`;
}

export function Code({text, label, wrap = false}) {
  return html`<div class="code"><pre tabindex="0" aria-label=${label} class=${wrap ? "wrap" : ""}><code>${text}</code></pre>
    <${Copy} text=${text} isIcon label="Copy ${label}" /></div>`;
}

// One of several texts, by tabs that arrow keys go through.
export function Tabs({label, tabs}) {
  const [at, setAt] = useState(0);
  const row = useRef(null);
  const move = (event) => {
    const onward = getComputedStyle(row.current).direction === "rtl" ? -1 : 1;
    const step = {ArrowRight: onward, ArrowLeft: -onward}[event.key];
    if (!step) return;
    const next = (at + step + tabs.length) % tabs.length;
    setAt(next);
    row.current.children[next].focus();
  };
  return html`<div class="tabs"><div class="tab-row" role="tablist" aria-label=${label} ref=${row} onKeyDown=${move}>
      ${tabs.map((tab, n) => html`<button key=${tab.name} type="button" role="tab" aria-selected=${n === at ? "true" : "false"}
        tabindex=${n === at ? 0 : -1} onClick=${() => setAt(n)}>${tab.name}</button>`)}</div>
    <div role="tabpanel" aria-label=${tabs[at].name}>${tabs[at].body}</div></div>`;
}

export function Page({title, lead, actions, back, children}) {
  const heading = useRef(null);
  useEffect(() => {
    document.title = `${title} – Porter`;
  }, [title]);
  return html`<div class="page"><header class="page-head"><div>
      ${back && html`<a class="back" href=${back.href}>${back.name}</a>`}
      <h1 tabindex="-1" ref=${heading}><${Text} of=${title} /></h1>${lead && html`<p class="lead">${lead}</p>`}</div>
      ${actions && html`<div class="actions">${actions}</div>`}</header>${children}</div>`;
}

export function Card({title, actions, children, class: more = ""}) {
  return html`<section class="card ${more}">${title && html`<header class="card-head"><h2>${title}</h2>${actions}</header>`}${children}</section>`;
}

// "Show more" under a list that goes on.
export function More({pages}) {
  return pages.more && html`<p class="more"><${Button} isBusy=${pages.isBusy} onClick=${pages.next}>Show more</${Button}></p>`;
}

// A file made here, for the person who asked.
export function save(name, text, type = "text/plain") {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], {type}));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
