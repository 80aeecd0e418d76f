/**
 * Instances of a queued study that stay on this device until a person decides, and those that were left out, by a
 * person or because their files are damaged. The row counts them and lists them under the device's key, so that they
 * are recognised when the study is chosen again. Once the newer entry is safe, only that entry counts them. Until
 * then both do, so that none is lost if the page is closed. Their files stay where they are; nothing is copied.
 */
import { leftOutFor, type LeftOutCause } from '#shared/protocol/withheld.ts';
import { addTo, listOf, sumOf } from '../count-reasons.ts';
import { seal } from './device-key.ts';
import { openHeld, type Held, type LeftOutInstance, type SealedHeld } from './held-study.ts';
import type { LocalDatabase, StudyRow } from './local-database.ts';

/**
 * `finishNaming` writes `held`, and `finishPacking` takes instances from the earlier entries. Each does so in its own
 * transaction.
 */
export interface KeptHeld {
  readonly held: Held;
  /** Entries of the same study that held back, or left out, some of the instances chosen now. */
  readonly earlier: readonly {
    readonly id: string;
    readonly before: Held;
    readonly held: Held;
    readonly taken: number;
  }[];
}

interface Chosen extends SealedHeld {
  readonly studyId: string;
  /**
   * SOP Instance UIDs, as in the files, of all instances that were named or are held; unreadable files are not
   * included.
   */
  readonly sopInstanceUIDs: ReadonlySet<string>;
}

/** This encrypts, which takes time, so call it before the transaction starts. */
export async function keepHeld(database: LocalDatabase, key: CryptoKey, chosen: Chosen): Promise<KeptHeld> {
  const account = (await database.studies.get(chosen.studyId))?.account ?? null;
  const earlier: KeptHeld['earlier'][number][] = [];
  const before = new Map<string, LeftOutInstance>();
  for (const { id, asWas, sealed } of await heldBefore(database, key, { ...chosen, account })) {
    const { open, decided } = splitHeld(sealed, asWas);
    const out = [...sealed.leftOut, ...decided];
    for (const each of out) if (isDecided(each)) before.set(each.sopInstanceUID, each);
    const left = open.filter(({ sopInstanceUID }) => !isNamed(chosen, sopInstanceUID));
    const damaged = sealed.damaged.filter((uid) => !isNamed(chosen, uid));
    const leftOut = out.filter(({ sopInstanceUID }) => !isNamed(chosen, sopInstanceUID));
    const rest = { ...sealed, held: left, damaged, leftOut };
    const taken = countIn(sealed) - countIn(rest);
    if (taken > 0) earlier.push({ id, before: asWas, held: await toHeld(key, id, rest), taken });
  }
  return { held: await toHeld(key, chosen.studyId, withoutDecided(chosen, before)), earlier };
}

/** The other entries of the study that hold back or left out some of its instances. */
async function heldBefore(
  database: LocalDatabase,
  key: CryptoKey,
  of: Pick<SealedHeld, 'studyInstanceUID'> & { readonly account: string | null; readonly studyId?: string },
): Promise<readonly { readonly id: string; readonly asWas: Held; readonly sealed: SealedHeld }[]> {
  const others = await database.studies
    .filter(
      (row) =>
        row.id !== of.studyId &&
        (row.account === null || row.account === of.account) &&
        row.state !== 'taken-back' &&
        row.held.sealed !== undefined,
    )
    .toArray();
  const opened = [];
  for (const { id, held: asWas } of others) {
    const sealed = await openHeld(key, id, asWas);
    // The UIDs in the rows differ between policies, so the original UIDs are compared.
    if (sealed?.studyInstanceUID === of.studyInstanceUID) opened.push({ id, asWas, sealed });
  }
  return opened;
}

/** The instances of the study that a person has left out, by the SOP Instance UID in the files. */
export async function leftOutBefore(
  database: LocalDatabase,
  key: CryptoKey,
  of: Pick<SealedHeld, 'studyInstanceUID'> & { readonly account: string | null },
): Promise<ReadonlyMap<string, LeftOutInstance>> {
  const entries = await heldBefore(database, key, of);
  return new Map(
    entries.flatMap(({ sealed, asWas }) =>
      [...sealed.leftOut, ...splitHeld(sealed, asWas).decided]
        .filter(isDecided)
        .map((out) => [out.sopInstanceUID, out] as const),
    ),
  );
}

/** Instances of a series that was not ticked were not decided about: chosen again, they are like new ones. */
const isDecided = ({ cause }: LeftOutInstance): boolean => cause !== 'left-out';

/**
 * Moves instances that a person left out `before`, and has not released since, to `leftOut`, so that nobody is asked
 * again.
 */
function withoutDecided(chosen: Chosen, before: ReadonlyMap<string, LeftOutInstance>): SealedHeld {
  const outOf = ({ sopInstanceUID, patient }: Pick<LeftOutInstance, 'sopInstanceUID' | 'patient'>) => {
    const out = before.get(sopInstanceUID);
    return out?.patient === patient ? out : undefined;
  };
  const held = chosen.held.filter((each) => outOf(each) === undefined);
  const decided = chosen.held.flatMap((each) => outOf(each) ?? []);
  // A decision outlives the tick of its series.
  const leftOut = chosen.leftOut.map((each) => (isDecided(each) ? each : (outOf(each) ?? each)));
  return { ...chosen, held, leftOut: [...leftOut, ...decided] };
}

/** Instances that are still held, and those that a person has left out since. */
function splitHeld({ held }: SealedHeld, { reasons }: Held) {
  const open = held.filter(({ reason }) => reasons.some((each) => each.reason === reason));
  const decided = held
    .filter((each) => !open.includes(each))
    .map(({ reason, ...its }): LeftOutInstance => ({ ...its, cause: leftOutFor(reason) }));
  return { open, decided };
}

const countIn = ({ held, damaged, leftOut }: SealedHeld): number =>
  held.length + damaged.length + leftOut.length;

/** Whether the newer entry counts the instance: as sent, held, damaged again or left out again. */
const isNamed = ({ sopInstanceUIDs, damaged, leftOut }: Chosen, uid: string): boolean =>
  sopInstanceUIDs.has(uid) ||
  damaged.includes(uid) ||
  leftOut.some(({ sopInstanceUID }) => sopInstanceUID === uid);

/** Whether this choice could replace the row without losing an instance that the row holds back. */
export function isCovered({ id, held }: StudyRow, kept: KeptHeld | null): boolean {
  const taken = kept?.earlier.find((each) => each.id === id);
  return held.reasons.length === 0 || (taken !== undefined && isAsBefore(held, taken) && isEmpty(taken.held));
}

const isEmpty = ({ reasons }: Held): boolean => reasons.length === 0;

function isAsBefore({ reasons, leftOut }: Held, { before }: { readonly before: Held }): boolean {
  return JSON.stringify([reasons, leftOut]) === JSON.stringify([before.reasons, before.leftOut]);
}

/** Call it in the same transaction as the write that makes the newer entry safe. */
export async function takeFromEarlier(database: LocalDatabase, { earlier }: KeptHeld): Promise<void> {
  for (const each of earlier) {
    const { id, held, taken } = each;
    const row = await database.studies.get(id);
    // If somebody decided meanwhile in another tab, that decision stands.
    if (!row || !isAsBefore(row.held, each)) continue;
    await database.studies.update(id, { held, chosen: row.chosen - taken, ...endOf({ ...row, held }) });
  }
}

/** Called when more is held than was known when the study was named: all of it (`kept`) waits for a person. */
export async function holdLate(
  database: LocalDatabase,
  studyId: string,
  { held }: Pick<KeptHeld, 'held'>,
): Promise<void> {
  await database.transaction('rw', database.studies, async () => {
    const study = await database.studies.get(studyId);
    const chosen = (study?.instances ?? 0) + sumOf(held.reasons) + held.leftOut;
    await database.studies.update(studyId, { held, chosen, untold: true });
  });
}

/** Marks the decision as untold, so that the gateway is told until a receipt confirms it. */
export async function leaveOutHeld(database: LocalDatabase, id: string, reason: string): Promise<void> {
  await database.transaction('rw', database.studies, async () => {
    const study = await database.studies.get(id);
    const open = study?.held.reasons.find((held) => held.reason === reason);
    if (!study || !open) return;
    const reasons = study.held.reasons.filter((held) => held !== open);
    const { sealed, damaged, leftOut, because = {} } = study.held;
    const cause = leftOutFor(reason);
    const held: Held = {
      reasons,
      leftOut: leftOut + open.instances,
      because: { ...because, [cause]: (because[cause] ?? 0) + open.instances },
      ...(damaged && { damaged }),
      ...(sealed && { sealed }),
    };
    const turn = study.turn + 1;
    await database.studies.update(id, { held, untold: true, turn, ...endOf({ ...study, held }) });
  });
}

/** The title that a study keeps after completion: a person who still has to decide must know whose study it is. */
export function titleAtEnd({ held, title }: StudyRow): StudyRow['title'] {
  return held.reasons.length > 0 ? title : null;
}

function endOf(study: StudyRow): Partial<StudyRow> {
  return study.state === 'done' ? { title: titleAtEnd(study) } : {};
}

async function toHeld(
  key: CryptoKey,
  id: string,
  { studyInstanceUID, held, damaged, leftOut }: SealedHeld,
): Promise<Held> {
  const counts = new Map<string, number>();
  for (const { reason } of held) addTo(counts, reason);
  const said: SealedHeld = { studyInstanceUID, held, damaged, leftOut };
  if (countIn(said) === 0) return { reasons: [], leftOut: 0 };
  const causes = new Map<LeftOutCause, number>();
  for (const { cause } of leftOut) if (cause !== 'left-out') causes.set(cause, (causes.get(cause) ?? 0) + 1);
  const sealed = await seal(key, new TextEncoder().encode(JSON.stringify(said)), `held/${id}`);
  return {
    reasons: listOf(counts),
    leftOut: damaged.length + leftOut.length,
    ...(causes.size > 0 && { because: Object.fromEntries(causes) }),
    ...(damaged.length > 0 && { damaged: damaged.length }),
    sealed,
  };
}
