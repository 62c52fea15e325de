import type { ReduceContext } from "#shared/authoring/context";
import type { JobKey } from "#shared/authoring/values";
import type { GroupReader } from "#worker/runs/groups";

/** What reducers that walk over all groups themselves need of the attempt that they run in. */
export interface GroupWalk {
  readonly groups: GroupReader;
  readonly context: ReduceContext<unknown>;
  /** Bytes of values of one key that may be held at once. */
  readonly heldBytesMax: number;
  /** Key of the present group. */
  key(): JobKey;
  /** Before the user's function is called. */
  onCall(): void;
  /** After a value was taken from the stream. */
  onValue(): void;
  /** What must be awaited before more is emitted; null where nothing must. */
  settle(): Promise<void> | null;
}
