// Texts that somebody wrote, who may write from right to left, or means to confuse: signs that turn the direction of what
// follows must not reach beyond the text that they stand in.
const BREAKS = /[\u2029\x1c-\x1e\x85]/g; // A new paragraph would end the isolation.
const TURNS = /[\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069]/g;
const OPENS = new Set("\u2066\u2067\u2068");
const CLOSES = "\u2069";

// Without what closes an isolation that it did not open. What it opens and does not close ends with it.
export function enclosed(text) {
  let depth = 0;
  let all = "";
  for (const sign of String(text ?? "").replace(BREAKS, " ")) {
    if (sign === CLOSES && depth === 0) continue;
    if (OPENS.has(sign)) depth++;
    else if (sign === CLOSES) depth--;
    all += sign;
  }
  return all;
}

// JSON to look at: there they are escaped, and so seen.
export const json = (value, indent) => JSON.stringify(value, null, indent).replace(TURNS, (sign) => `\\u${sign.charCodeAt(0).toString(16)}`);
