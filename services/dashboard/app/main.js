// The start: who is signed in and the screen's module, then the shell.
import {Shell} from "./shell.js";
import {startFocus} from "./lib/focus.js";
import {html, render} from "./lib/html.js";
import {place, startRouter} from "./lib/router.js";
import {readSession} from "./lib/session.js";
import {find} from "./screens.js";

startRouter();
startFocus();
find(place.get().path).load().catch(() => {}); // Beside the session; the shell asks again, and says so.
render(html`<${Shell} />`, document.getElementById("app"));
readSession().catch(() => {}); // The shell's banner says that Porter is away, and tries again.
