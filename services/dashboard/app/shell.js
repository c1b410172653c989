// The frame around every screen: navigation, who is signed in, banners, dialogs that any screen may
// need. screens.js says which screen belongs to which path.
import {Alarm} from "./parts/alarm.js";
import {Button, Fault, Icon, Note, Text, Waiting} from "./parts/basic.js";
import {Confirm, confirmStore} from "./parts/confirm.js";
import {above} from "./parts/dialog.js";
import {Shortcuts} from "./parts/shortcuts.js";
import {Toasts, tell} from "./parts/toast.js";
import {find, links} from "./screens.js";
import {reach} from "./lib/api.js";
import {html, useEffect, useErrorBoundary, useRef, useState} from "./lib/html.js";
import {useLook} from "./lib/live.js";
import {HOME, go, place} from "./lib/router.js";
import {hasEnded, may, readSession, session, signOut, trouble} from "./lib/session.js";
import {kept} from "./lib/store.js";

const theme = kept("theme", "auto");
const THEMES = {auto: "light", light: "dark", dark: "auto"};
const RETRY_MS = 4000;

function showTheme(name) {
  if (name === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
}
showTheme(theme.get());
theme.watch(showTheme);

const retry = () => readSession().catch(() => {});

// Until it is known who is there: what is in the way, and another try now and then.
function Starting() {
  const problem = trouble.use();
  useLook(RETRY_MS, retry, problem !== null);
  return html`<main id="main" class="guest"><h1 class="hidden">Porter</h1>${problem?.status > 0 ? html`<${Fault} problem=${problem} retry=${retry} />` : html`<${Waiting} />`}</main>`;
}

function Away() {
  useLook(RETRY_MS, retry);
  return html`<div class="banner" role="alert"><${Icon} name="warn" />
    <span>Porter can’t be reached. What you see is from before. Trying again…</span></div>`;
}

// Whoever points at a link will want its screen.
const fetchEarly = (link) => link.load().catch(() => {});

function Nav({isOpen, close}) {
  const {path} = place.use();
  const who = session.use();
  const isIn = (link) => path === HOME + link.path || path.startsWith(`${HOME + link.path}/`);
  let group = null;
  const rows = [];
  for (const link of links.filter((one) => may(one.role ?? "viewer"))) {
    if (link.group !== group) {
      group = link.group;
      if (group) rows.push(html`<li key=${group} class="nav-group">${group}</li>`);
    }
    rows.push(html`<li key=${link.path}><a href=${HOME + link.path} aria-current=${isIn(link) ? "page" : undefined}
      onPointerEnter=${() => fetchEarly(link)} onFocus=${() => fetchEarly(link)} onClick=${close}><${Icon} name=${link.icon} />${link.name}</a></li>`);
  }
  return html`<nav id="nav" class=${isOpen ? "open" : ""} aria-label="Main">
    <a class="brand nav-brand" href=${HOME}><span class="mark" aria-hidden="true">P</span><span><${Text} of=${who.organization.name} /></span></a><ul>${rows}</ul><${Account} /></nav>`;
}

function Account() {
  const who = session.use();
  const name = theme.use();
  const leave = () => signOut().catch(tell);
  return html`<div class="account"><a class="who" href="${HOME}/account"><${Icon} name="person" />
      <span><strong><${Text} of=${who.person.name} /></strong><small>${who.person.email}</small></span></a>
    <div class="account-row"><${Button} kind="small plain" icon="sun" onClick=${() => theme.set(THEMES[name])}
        aria-label="Colours: ${name}. Change">${name === "auto" ? "Auto" : name === "light" ? "Light" : "Dark"}</${Button}>
      <${Button} kind="small plain" onClick=${leave}>Sign out</${Button}></div></div>`;
}

// A screen's module is fetched when it is first looked at, and again when the line is back.
function useScreen(found) {
  const [loaded, setLoaded] = useState(null);
  const isThere = reach.use();
  useEffect(() => {
    let isWanted = true;
    found.load().then((module) => isWanted && setLoaded({load: found.load, Screen: module.Screen}), () => {
      if (isWanted) setLoaded({load: found.load, isLost: true});
      readSession().catch(() => {}); // Is it the line? Then the banner says so.
    });
    return () => { isWanted = false; };
  }, [found.load, isThere]);
  return loaded?.load === found.load ? loaded : null;
}

// A part that is seldom needed comes when it is.
const goOn = {load: () => import("./parts/go_on.js").then(({GoOn}) => ({Screen: GoOn}))};
function Late({part}) {
  const loaded = useScreen(part);
  return loaded?.Screen && html`<${loaded.Screen} />`;
}

function Stale({why}) {
  return html`<div class="page"><h1 tabindex="-1">This page could not be shown</h1><${Note} kind="warn"><p>${why}</p>
    <${Button} kind="small" icon="retry" onClick=${() => location.reload()}>Load it anew</${Button}></${Note}></div>`;
}

function NotTheirs() {
  return html`<div class="page"><h1 tabindex="-1">Not for your role</h1><${Note}><p>What is here is for admins and owners. Ask one of them.</p></${Note}></div>`;
}

// A fault of one screen leaves the frame standing.
function Guarded({loaded, found}) {
  const [fault] = useErrorBoundary((thrown) => console.error(thrown));
  if (fault) return html`<${Stale} why="Something in it broke. What you did before is safe." />`;
  return html`<${loaded.Screen} ...${found.values} />`;
}

function Body({onFocusIn}) {
  const {path} = place.use();
  const found = find(path);
  const loaded = useScreen(found);
  const isTheirs = may(found.role ?? "viewer");
  const box = useRef(null);
  const seen = useRef(path);
  // A new screen begins at its heading, for whoever can't see that it changed.
  useEffect(() => {
    if (!loaded || seen.current === path) return;
    seen.current = path;
    box.current.querySelector("h1")?.focus({preventScroll: true});
  }, [loaded, path]);
  return html`<main id="main" ref=${box} tabindex="-1" onFocusIn=${onFocusIn}><${Alarm} />${!isTheirs ? html`<${NotTheirs} />` : !loaded ? html`<div class="page"><${Waiting} /></div>`
    : loaded.isLost ? html`<${Stale} why="Porter may have been updated, or the connection broke." />` : html`<${Guarded} key=${found.key} loaded=${loaded} found=${found} />`}</main>`;
}

function Frame() {
  const who = session.use();
  const [isOpen, setOpen] = useState(false);
  const close = () => setOpen(false); // Also by who goes on behind a phone's menu, which would lie above.
  return html`<a class="skip" href="#main">Skip to the content</a>
    <header class="bar"><button type="button" class="button icon-only plain menu-button" aria-label="Menu" aria-expanded=${isOpen ? "true" : "false"}
        aria-controls="nav" onClick=${() => setOpen(!isOpen)}><${Icon} name=${isOpen ? "cross" : "menu"} /></button>
      <a class="brand" href=${HOME}><span class="mark" aria-hidden="true">P</span><span><${Text} of=${who.organization.name} /></span></a></header>
    <${Nav} isOpen=${isOpen} close=${close} /><${Body} onFocusIn=${close} /><${Shortcuts} links=${links} />`;
}

// For people who are not signed in.
function Guest({found}) {
  const loaded = useScreen(found);
  return html`<main id="main" class="guest">${loaded?.Screen ? html`<${loaded.Screen} />` : html`<${Waiting} />`}</main>`;
}

export function Shell() {
  const who = session.use();
  const isThere = reach.use();
  const confirming = confirmStore.use();
  const isPaused = hasEnded.use();
  const top = above.use();
  const {path} = place.use();
  const isOpen = find(path).isOpen;
  useEffect(() => {
    if (who && path === HOME) go(HOME + (links.find((link) => link.isHome)?.path ?? ""), {replace: true});
    if (who && path === `${HOME}/sign-in`) go(HOME, {replace: true});
  }, [who, path]);
  const inside = isOpen || who === null
    ? html`<${Guest} found=${find(isOpen ? path : `${HOME}/sign-in`)} />`
    : who === undefined ? html`<${Starting} />` : html`<${Frame} />`;
  return html`<div class=${who && !isOpen ? "shell" : ""}>${!isThere && html`<${Away} />`}${inside}</div>
    ${top}${confirming && html`<${Confirm} ask=${confirming} />`}${who && isPaused && html`<${Late} part=${goOn} />`}<${Toasts} />`;
}
