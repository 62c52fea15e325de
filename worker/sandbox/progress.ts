/**
 * Progress of the running attempt in memory that thread and host share, so that the host sees it
 * while user code never gives the thread's event loop a turn.
 */
const fields = [
  "steps",
  "fraction",
  "recordsIn",
  "recordsOut",
  "memoryBytes",
  /** Map: number of the split's range at hand, from 1. Reduce: 1. 0: not known. */
  "placeRange",
  /** Byte offset of the record at hand, or the group's number in a reduce. */
  "placeOffset",
  /** Process group of the program that maps or reduces, 0 without one. */
  "programGroup",
  /** The same of the program that combines meanwhile. */
  "combinerGroup",
] as const;
type Field = (typeof fields)[number];

export type ProgressView = Readonly<Record<Field, number>>;

export class Progress {
  readonly #cells: Float64Array;

  constructor(readonly memory = new SharedArrayBuffer(fields.length * 8)) {
    this.#cells = new Float64Array(memory);
  }

  /** `steps` grows with anything the attempt does; when it stands still for the task time-out, the attempt is stuck. */
  step(): void {
    this.#cells[0] = (this.#cells[0] ?? 0) + 1;
  }

  /** A step at this place: every record and every group passes here. */
  stepAt(range: number, offset: number): void {
    const cells = this.#cells;
    cells[0] = (cells[0] ?? 0) + 1;
    cells[5] = range;
    cells[6] = offset;
  }

  set(field: Field, value: number): void {
    this.#cells[fields.indexOf(field)] = value;
  }

  read(): ProgressView {
    const [steps = 0, fraction = 0, recordsIn = 0, recordsOut = 0, ...rest] = this.#cells;
    const [memoryBytes = 0, placeRange = 0, placeOffset = 0, ...groups] = rest;
    const [programGroup = 0, combinerGroup = 0] = groups;
    const place = { placeRange, placeOffset };
    const programs = { programGroup, combinerGroup };
    return { steps, fraction, recordsIn, recordsOut, memoryBytes, ...place, ...programs };
  }

  reset(): void {
    this.#cells.fill(0);
  }
}
