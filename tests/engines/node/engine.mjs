#!/usr/bin/env node
// The engine as a process: node tests/engines/node/engine.mjs

import { serve } from "./protocol.mjs";

await serve();
