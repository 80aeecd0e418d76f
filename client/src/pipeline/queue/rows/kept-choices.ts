/**
 * The choice of each page that was not sent: kept while it is so, because a browser that is killed tells nobody.
 * One row a page: whose choice it is, and of each study how many instances, with a mark (mark-of-study.ts) that
 * tells whether it was sent after all.
 */
import { liveQuery } from 'dexie';
import { instancesOf } from './instance-rows.ts';
import type { DeviceRow, LocalDatabase, StudyRow } from './local-database.ts';

export interface ChosenStudy {
  readonly mark: number;
  /** Chosen, and not sent from the page. */
  readonly instances: number;
  /** Instances of the same study that were sent from the page before. */
  readonly sent: number;
}

export interface KeptChoice {
  readonly id: string;
  /** null: nobody was signed in; it belongs to the first person who signs in. */
  readonly account: string | null;
  readonly studies: readonly ChosenStudy[];
  /** Reading was stopped, and nobody had decided about the files that were not read. Absent unless so. */
  readonly stopped?: { readonly filesRead: number; readonly filesFound: number };
}

export interface KeptChoices {
  readonly choices: readonly KeptChoice[];
  /**
   * By the mark of a study its instances in this device's queue, sent or not, also those that a person left out: only
   * of damaged ones another file may be sent. One that was sent twice counts once; where that is in doubt the number is
   * too low, so that no image is forgotten. Of the studies that `choices` name.
   */
  readonly queued: ReadonlyMap<number, number>;
  /** When something that was chosen on this device was left behind, in milliseconds since 1970; null: nothing was. */
  readonly doubtedAt: number | null;
}

type Kept = Omit<KeptChoice, 'id'>;
const PREFIX = 'choice/';
const nameOf = (id: string) => `choice/${id}` as const;

/** Replaces what was kept of this page; without studies nothing is. */
export async function keepChoice(database: LocalDatabase, { id, ...kept }: KeptChoice): Promise<void> {
  if (kept.studies.length === 0) await database.device.delete(nameOf(id));
  else await database.device.put({ name: nameOf(id), value: kept satisfies Kept });
}

/** Unless another tab has deleted it meanwhile. */
export async function changeChoice(database: LocalDatabase, choice: KeptChoice): Promise<void> {
  await database.transaction('rw', database.device, async () => {
    if ((await database.device.get(nameOf(choice.id))) !== undefined) await keepChoice(database, choice);
  });
}

/** Resolves once it is on the disk. null: nobody needs what was left behind. */
export async function keepDoubt(database: LocalDatabase, doubtedAt: number | null): Promise<void> {
  if (doubtedAt === null) await database.device.delete('disc-doubt');
  else await database.device.put({ name: 'disc-doubt', value: doubtedAt });
}

/** Calls `onChange` now and on every change in any tab. */
export function watchChoices(database: LocalDatabase, onChange: (kept: KeptChoices) => void): void {
  const known: Known = new Map();
  liveQuery(() => readChoices(database, known)).subscribe(onChange, () => undefined);
}

/** By the id of a study and its size the SOP Instance UIDs of its instances: ten thousand rows are read once. */
type Known = Map<string, readonly string[]>;

async function readChoices(database: LocalDatabase, known: Known): Promise<KeptChoices> {
  const rows = await database.device.where('name').startsWith(PREFIX).toArray();
  const choices = rows.map(({ name, value }: DeviceRow) => ({
    id: name.slice(PREFIX.length),
    ...(value as Kept),
  }));
  const named = new Set(choices.flatMap(({ studies }) => studies.map(({ mark }) => mark)));
  const queued = new Map<number, number>();
  const doubtedAt = ((await database.device.get('disc-doubt'))?.value as number | undefined) ?? null;
  if (named.size === 0) return { choices, queued, doubtedAt };
  const studies = (await database.studies.toArray()).filter(
    ({ mark, state }) => mark !== undefined && named.has(mark) && state !== 'taken-back',
  );
  for (const [mark, some] of Map.groupBy(studies, (row) => row.mark!))
    queued.set(mark, await countQueued(database, known, some));
  return { choices, queued, doubtedAt };
}

/** An instance has another identifier under another policy, and none before it is named: the most under one counts. */
async function countQueued(database: LocalDatabase, known: Known, rows: readonly StudyRow[]) {
  let most = 0;
  const under = Map.groupBy(rows, ({ studyInstanceUID, policy }) => studyInstanceUID && policy.name);
  for (const some of under.values()) {
    let count = 0;
    for (const same of Map.groupBy(some, ({ studyInstanceUID }) => studyInstanceUID).values())
      count += await countSame(database, known, same);
    most = Math.max(most, count);
  }
  return most;
}

/**
 * Counts the instances of one Study Instance UID. Until a row is packed, the instances that it withholds count with
 * earlier ones.
 */
async function countSame(database: LocalDatabase, known: Known, rows: readonly StudyRow[]) {
  const uids = new Set<string>();
  let most = 0;
  let withheld = 0;
  for (const { id, chosen, instances, held, named, packing } of rows) {
    const size = chosen - (held.damaged ?? 0);
    most = Math.max(most, size);
    if (!packing) withheld += size - instances;
    if (!named || rows.length === 1) continue;
    const key = `${id} ${instances}`;
    const its = known.get(key) ?? (await instancesOf(database, id)).map((row) => row.sopInstanceUID);
    known.set(key, its);
    for (const uid of its) uids.add(uid);
  }
  return Math.max(most, uids.size + withheld);
}
