#!/usr/bin/env node
// An adapter for an engine in JavaScript: it answers every request, and has nothing yet.
// Fill in `step` first: call your engine, and give back a result or a rejection.

import { createInterface } from "node:readline";

const CAPABILITIES = []; // "isolated", "hedge", "orders", "funding", … once your engine has them

const unsupported = (capability) => ({ answer: "unsupported", capability });

const answers = {
  hello: () => ({ answer: "hello", protocol: 1, name: "my-engine", version: "0", language: "JavaScript",
    rulebook: "2", level: 1, capabilities: CAPABILITIES }),

  // request.header has the profile and the decimals of the assets.
  configure: () => ({ answer: "ok" }),

  // Begin with an empty exchange; request.state is there only with the capability "reset_state".
  reset: () => ({ answer: "ok" }),

  // Amounts are strings: parse them to BigInt, never to a number.
  // Accepted: { answer: "result" }. Refused: { answer: "rejected", reason: "NO_MARK" }.
  step: ({ event }) => unsupported(event.type),

  stop: () => ({ answer: "ok" }),
};

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  let answer;
  try {
    answer = (answers[request.do] ?? (() => unsupported(request.do)))(request);
  } catch (error) {
    answer = { answer: "errored", message: String(error) };
  }
  process.stdout.write(`${JSON.stringify({ id: request.id, ...answer })}\n`);
  if (request.do === "stop") break;
}
