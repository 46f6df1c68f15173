// Between marginspec and your engine: `node adapter.mjs`.

import { Engine, accepted, ok, rejected, serve, unsupported } from "./engine_protocol.mjs";

// Fill in one type of event after another. Amounts are texts: make BigInts of them, never numbers.
class Adapter extends Engine {
  hello() {
    return {
      answer: "hello", protocol: 1, name: "my engine", version: "0.1", language: "JavaScript",
      rulebook: "2", level: 2, capabilities: ["batch"],
    };
  }

  // Make an exchange without markets, accounts and money.
  reset(state) {
    return state === undefined ? ok() : unsupported("reset_state");
  }

  // Answer accepted({ liquidated: [], deleveraged: [], levied: [] }) or rejected("UNKNOWN_MARKET").
  step(event, want) {
    switch (event.type) {
      default: return unsupported(event.type);
    }
  }
}

await serve(new Adapter());
