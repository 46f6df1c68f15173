// Between marginspec and your engine: `node adapter.mjs`.

import { Engine, about, accepted, leavingOut, rejected, serve, unsupported } from "./engine_protocol.mjs";

// Fill in one type of event after another. Amounts are texts: `units` makes BigInts of them.
class Adapter extends Engine {
  // What is left out is not asked; leave out less as your engine has more.
  hello() { return leavingOut(about("my engine", "0.1", 2, ["batch"]), "input_checks", "several_assets"); }

  // Make an exchange without markets, accounts and money.
  start() {}

  // Answer accepted({ liquidated: ["alice:USDT"] }) or rejected("UNKNOWN_MARKET").
  step(event, want) {
    switch (event.type) {
      default: return unsupported(event.type);
    }
  }
}

await serve(new Adapter());
