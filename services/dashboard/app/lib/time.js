// Times for people: in the zone of the place they are about, and how long ago.
const formats = new Map();

function format(zone, options) {
  const name = JSON.stringify([zone, options]);
  if (!formats.has(name)) formats.set(name, new Intl.DateTimeFormat(undefined, {timeZone: zone, ...options}));
  return formats.get(name);
}

export const ownZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

export function clock(at, zone) {
  return format(zone, {hour: "2-digit", minute: "2-digit"}).format(new Date(at));
}

export function day(at, zone) {
  return format(zone, {day: "numeric", month: "short", year: "numeric"}).format(new Date(at));
}

export function full(at, zone) {
  return format(zone, {dateStyle: "medium", timeStyle: "medium"}).format(new Date(at));
}

const yearOf = (at, zone) => format(zone, {year: "numeric"}).format(new Date(at));

// "14:05", "12 Mar 14:05", "12 Mar 2025, 14:05": as short as it is clear.
export function brief(at, zone) {
  const date = new Date(at);
  const now = Date.now();
  if (day(date, zone) === day(now, zone)) return clock(date, zone);
  const year = yearOf(date, zone) === yearOf(now, zone) ? undefined : "numeric";
  return format(zone, {day: "numeric", month: "short", year, hour: "2-digit", minute: "2-digit"}).format(date);
}

const UNITS = [["day", 86_400_000], ["hour", 3_600_000], ["minute", 60_000]];
const relative = new Intl.RelativeTimeFormat(undefined, {numeric: "auto"});

export function ago(at, now = Date.now()) {
  const ms = new Date(at) - now;
  for (const [unit, length] of UNITS) {
    if (Math.abs(ms) >= length) return relative.format(Math.trunc(ms / length), unit);
  }
  return ms > 0 ? "in a moment" : "just now";
}

// 1 h 02 min, 3 min 20 s, 12 s
export function span(ms) {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s >= 86_400) return `${Math.floor(s / 86_400)} d ${Math.floor(s % 86_400 / 3600)} h`;
  if (s >= 3600) return `${Math.floor(s / 3600)} h ${String(Math.floor(s % 3600 / 60)).padStart(2, "0")} min`;
  if (s >= 60) return `${Math.floor(s / 60)} min ${String(s % 60).padStart(2, "0")} s`;
  return `${s} s`;
}

// 820 µs, 12 ms, 1.4 s
export function micros(us) {
  if (us < 1000) return `${Math.round(us)} µs`;
  if (us < 1_000_000) return `${(us / 1000).toFixed(us < 10_000 ? 1 : 0)} ms`;
  return `${(us / 1_000_000).toFixed(1)} s`;
}

// The offset of a zone at a time, in ms.
function offset(at, zone) {
  const parts = Object.fromEntries(format(zone, {hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit",
    hour: "2-digit", minute: "2-digit", second: "2-digit"}).formatToParts(at).map((part) => [part.type, part.value]));
  return Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute, parts.second) - Math.floor(at / 1000) * 1000;
}

// What a person wrote into a date-and-time field of that place ("2026-03-01T09:30"), as an instant.
export function fromField(text, zone) {
  if (!text) return null;
  const wall = Date.parse(`${text.length === 10 ? `${text}T00:00` : text}Z`);
  if (!(wall < Date.UTC(10_000, 0))) return text; // No time that there is: whoever gets it says so.
  const guess = wall - offset(wall, zone);
  return new Date(wall - offset(guess, zone)).toISOString();
}

// What holds until a day holds on it: its last second there.
export const endOfDay = (date, zone) => fromField(`${date}T23:59:59`, zone);

export function toField(at, zone) {
  const ms = +new Date(at);
  return new Date(ms + offset(ms, zone)).toISOString().slice(0, 16);
}

// Midnight of that place, `days` from today.
export function midnight(zone, days = 0) {
  const today = toField(Date.now(), zone).slice(0, 10);
  const wall = new Date(`${today}T00:00Z`);
  wall.setUTCDate(wall.getUTCDate() + days);
  return fromField(wall.toISOString().slice(0, 16), zone);
}

const LENGTHS = [["d", 86_400], ["h", 3600], ["min", 60], ["s", 1]];

// "90 s" → 90, "2 h" → 7200, "45" → 45; null when it says no time.
export function secondsOf(text) {
  const found = /^(\d{1,7})\s*(s|m|min|h|d)?$/.exec(text.trim());
  if (!found) return null;
  const unit = found[2] === "m" ? "min" : found[2] ?? "s";
  return found[1] * LENGTHS.find(([name]) => name === unit)[1];
}

// 7200 → "2 h": in the largest unit that is exact.
export function waitWords(seconds) {
  const [unit, length] = LENGTHS.find(([, one]) => seconds % one === 0);
  return `${seconds / length} ${unit}`;
}
