import { describeBackend } from "./conformance.js";
import { MemoryStorage } from "./memory.js";

describeBackend("memory", async () => ({
  backend: new MemoryStorage(),
  close: async () => undefined,
}));
