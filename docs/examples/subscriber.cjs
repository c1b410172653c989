// Subscribes to Porter's events, and does something with each event once.
//
//     npm install kafkajs protobufjs
//     KAFKA_BROKERS=kafka:9092 KAFKA_GROUP=my-system node subscriber.cjs
//
// For TLS: KAFKA_CA_FILE, and of a client certificate KAFKA_CERTIFICATE_FILE and KAFKA_KEY_FILE (PEM). For SASL:
// KAFKA_SASL_MECHANISM (plain, scram-sha-256 or scram-sha-512), KAFKA_USER and KAFKA_PASSWORD.
const fs = require("fs");
const path = require("path");
const { Kafka, logLevel } = require("kafkajs");
const protobuf = require("protobufjs");

const TOPICS = ["porter.visitors.v1", "porter.contractors.v1", "porter.evacuations.v1"];
const SEEN_MAX = 100000;

const Event = protobuf
  .loadSync(path.join(__dirname, "porter-events.proto"))
  .lookupType("porter.v1.Event");

// Ids of the last events, oldest first. A duplicate follows its original closely as a rule, but a process that starts
// again has forgotten all: where that matters, keep the id in your database, in the transaction of the work.
const seen = new Set();

function remember(id) {
  seen.add(id);
  if (seen.size > SEEN_MAX) seen.delete(seen.values().next().value);
}

// Null of what is no event: waiting before it would stop the partition.
function read(value) {
  try {
    const event = Event.decode(value);
    return event.id ? event : null;
  } catch {
    return null;
  }
}

// What your system does. Types that you do not know may come: let them pass.
async function work(event) {
  const name = event.data && event.data.visitor ? event.data.visitor.fullName : "";
  console.log(event.type, event.id, event.organizationId, name);
}

// How to come in: kafkajs's `ssl` and `sasl`.
function security(env) {
  const file = (path) => (path ? fs.readFileSync(path) : undefined);
  const told = {};
  if (env.KAFKA_CA_FILE) {
    told.ssl = { ca: [file(env.KAFKA_CA_FILE)], cert: file(env.KAFKA_CERTIFICATE_FILE), key: file(env.KAFKA_KEY_FILE) };
  }
  if (env.KAFKA_SASL_MECHANISM) {
    told.sasl = { mechanism: env.KAFKA_SASL_MECHANISM, username: env.KAFKA_USER, password: env.KAFKA_PASSWORD };
  }
  return told;
}

async function main() {
  const kafka = new Kafka({
    ...security(process.env),
    clientId: "porter-example-node",
    brokers: (process.env.KAFKA_BROKERS || "localhost:9092").split(","),
    logLevel: logLevel.ERROR,
  });
  const consumer = kafka.consumer({ groupId: process.env.KAFKA_GROUP || "porter-example-node" });
  for (const name of ["SIGTERM", "SIGINT"]) {
    process.once(name, () => consumer.disconnect().then(() => process.exit(0)));
  }
  await consumer.connect();
  // A new group begins with the oldest event.
  await consumer.subscribe({ topics: TOPICS, fromBeginning: true });
  await consumer.run({
    // What this has returned from counts as read; what it throws at comes again.
    eachMessage: async ({ topic, partition, message }) => {
      const event = read(message.value);
      if (!event) {
        console.error("unreadable:", topic, partition, message.offset);
      } else if (!seen.has(event.id)) {
        await work(event);
        remember(event.id); // Once its work is done.
      }
    },
  });
}

main().catch((fault) => {
  console.error(fault);
  process.exit(1);
});
