import { csv, defineJob, sideFormer, tsv, types } from "millrace";

type Track = { minutes: number; megabytes: number };
type Centre = Track & { tracks: number };

const middle = (list: readonly Track[], of: keyof Track): number =>
  list.reduce((total, track) => total + track[of], 0) / list.length;
const rounded = (value: number): number => Number(value.toFixed(4));

function nearest(track: Track, centres: readonly { key: number; value: Centre }[]): number {
  let best = 0;
  let least = Infinity;
  for (const { key, value } of centres) {
    const distance =
      (track.minutes - value.minutes) ** 2 + ((track.megabytes - value.megabytes) / 5) ** 2;
    if (distance < least) [best, least] = [key, distance];
  }
  return best;
}

/**
 * k-means: tracks of a media store in groups by length and size. The first step spreads the centres; the
 * second moves them, round after round, until no centre moves. Each round reads the tracks again and has
 * the centres of the round before as a side input.
 */
export default defineJob({
  name: "k-means",
  params: { groups: { type: "number", default: 4, min: 1, max: 100 } },
  steps: (step) => [
    step({
      name: "spread",
      input: csv(),
      emits: types<number, Track>(),
      map: ({ id, milliseconds, bytes }, { emit, params }) => {
        const minutes = Number(milliseconds) / 60_000;
        emit(Number(id) % params.groups, { minutes, megabytes: Number(bytes) / 1e6 });
      },
      reduce: (group, tracks, { emit }) => {
        // Of each heap the longest track: groups that begin apart.
        const all = [...tracks].sort((a, b) => b.minutes - a.minutes);
        const seed = all[Math.floor((all.length * group) / (group + 2))];
        if (seed !== undefined) emit(group, { ...seed, tracks: all.length });
      },
    }),
    step({
      name: "move",
      input: csv(),
      side: { centres: sideFormer<number, Centre>() },
      emits: types<number, Track>(),
      map: ({ milliseconds, bytes }, { emit, side }) => {
        const track = { minutes: Number(milliseconds) / 60_000, megabytes: Number(bytes) / 1e6 };
        emit(nearest(track, side.centres), track);
      },
      reduce: (group, values, { emit, side, count }) => {
        const tracks = [...values];
        const minutes = rounded(middle(tracks, "minutes"));
        const megabytes = rounded(middle(tracks, "megabytes"));
        const before = side.centres.find(({ key }) => key === group)?.value;
        if (before?.minutes !== minutes || before.megabytes !== megabytes) count("moved");
        emit(group, { minutes, megabytes, tracks: tracks.length });
      },
      repeat: { until: { counter: "moved", atMost: 0 }, roundsMax: 200 },
    }),
  ],
  output: tsv(),
});
