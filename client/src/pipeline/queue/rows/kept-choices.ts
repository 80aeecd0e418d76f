/**
 * The studies that were chosen on each page and not sent. They are stored all the time, because a browser that is
 * killed gives no warning. There is one row for each page: whose choice it is, and for each study the number of
 * instances and a mark (mark-of-study.ts), which tells whether the study was sent after all.
 */
import { liveQuery } from 'dexie';
import { instancesOf } from './instance-rows.ts';
import type { DeviceRow, LocalDatabase, StudyRow } from './local-database.ts';
import { withheldIn } from './withheld-of.ts';

export interface ChosenStudy {
  readonly mark: number;
  /** Instances that were chosen and not sent from the page. */
  readonly instances: number;
  /** Instances of the same study that the page sent before. */
  readonly sent: number;
}

export interface KeptChoice {
  readonly id: string;
  /** null: nobody was signed in, so the choice belongs to the first person who signs in. */
  readonly account: string | null;
  readonly studies: readonly ChosenStudy[];
  /** Set if reading was stopped and nobody has decided about the unread files. */
  readonly stopped?: { readonly filesRead: number; readonly filesFound: number };
  /** Files are being listed or read, so that `studies` may lack some. */
  readonly isReading?: boolean;
  /** The page ended while it read, and the doubt of that is stored. */
  readonly isDoubted?: boolean;
}

export interface KeptChoices {
  readonly choices: readonly KeptChoice[];
  /**
   * For each study in `choices`, by its mark: the number of its instances in this device's queue, sent or not,
   * including those that a person left out. Damaged ones are not counted, because another file may still be sent for
   * them. An instance that was sent twice counts once. In doubt the number is too low, so that no image is forgotten.
   */
  readonly queued: ReadonlyMap<number, number>;
  /** When something that was chosen on this device was left behind, in milliseconds since 1970; null: nothing was. */
  readonly doubtedAt: number | null;
}

type Kept = Omit<KeptChoice, 'id'>;
const PREFIX = 'choice/';
const nameOf = (id: string) => `choice/${id}` as const;

/** Whether the row says anything. */
export const isChoice = ({ studies, isReading }: Kept): boolean => studies.length > 0 || isReading === true;

/** Replaces what was stored for this page. If it says nothing, the row is deleted. */
export async function keepChoice(database: LocalDatabase, { id, ...kept }: KeptChoice): Promise<void> {
  if (!isChoice(kept)) await database.device.delete(nameOf(id));
  else await database.device.put({ name: nameOf(id), value: kept satisfies Kept });
}

/** Changes the choice unless another tab has deleted it meanwhile. */
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

/**
 * Doubts a choice whose page ended while it read. The row is read again, because the page may have finished reading
 * just before it ended.
 */
export async function doubtChoice(database: LocalDatabase, id: string, doubtedAt: number): Promise<void> {
  await database.transaction('rw', database.device, async () => {
    const kept = (await database.device.get(nameOf(id)))?.value as Kept | undefined;
    if (kept?.isReading !== true || kept.isDoubted === true) return;
    await keepDoubt(database, doubtedAt);
    await keepChoice(database, { id, ...kept, isDoubted: true });
  });
}

/** Calls `onChange` now and on every change in any tab. Without a database nothing was kept. */
export function watchChoices(database: LocalDatabase, onChange: (kept: KeptChoices) => void): void {
  const known: Known = new Map();
  const nothing = { choices: [], queued: new Map(), doubtedAt: null };
  liveQuery(() => readChoices(database, known)).subscribe(onChange, () => onChange(nothing));
}

/**
 * The SOP Instance UIDs of a study's instances, by the id and size of the study, so that its thousands of rows are
 * read only once.
 */
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

/**
 * An instance has a different identifier under each policy, and the original one is not stored. So the highest count
 * under one policy is used.
 */
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
 * Counts the instances of one Study Instance UID. Until a row is packed, the instances that it withholds are counted
 * with earlier rows.
 */
async function countSame(database: LocalDatabase, known: Known, rows: readonly StudyRow[]) {
  const uids = new Set<string>();
  let most = 0;
  let withheld = 0;
  for (const { id, chosen, instances, held, named, packing } of rows) {
    const size = chosen - (held.damaged ?? 0);
    most = Math.max(most, size);
    // What one row has unticked another may have sent.
    if (!packing) withheld += size - instances - (rows.length > 1 ? (withheldIn(held)['left-out'] ?? 0) : 0);
    if (!named || rows.length === 1) continue;
    const key = `${id} ${instances}`;
    const its = known.get(key) ?? (await instancesOf(database, id)).map((row) => row.sopInstanceUID);
    known.set(key, its);
    for (const uid of its) uids.add(uid);
  }
  return Math.max(most, uids.size + withheld);
}
