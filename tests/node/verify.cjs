// Asks a library from npm whether it takes a webhook:
//     NODE_PATH=.deps/node/node_modules node tests/node/verify.cjs < CASE
// CASE is {"library", "secret", "headers", "body" (base64), "later_s"}: the library's clock is that much ahead.
// Prints "accepted", or what the library says.
const { readFileSync } = require("fs");

const given = JSON.parse(readFileSync(0, "utf8"));
const { Webhook } = require(given.library);
const now = Date.now;
Date.now = () => now() + given.later_s * 1000;

try {
  new Webhook(given.secret).verify(Buffer.from(given.body, "base64").toString(), given.headers);
  console.log("accepted");
} catch (fault) {
  console.log(`${fault.constructor.name}: ${fault.message}`);
}
