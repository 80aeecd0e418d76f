/**
 * Instances of a queued study that stay on this device until a person decides. The row counts them by reason, and
 * says under the device's key which ones they are, so that they are recognised when the study is chosen again: then
 * they are counted with the newer entry alone. Their files stay where they are; nothing of them is copied.
 */
import type { ReasonCode } from '#shared/protocol/reasons.ts';
import { addTo, listOf } from '../count-reasons.ts';
import { open, seal } from './device-key.ts';
import type { LocalDatabase, StudyRow } from './local-database.ts';

type Held = StudyRow['held'];

interface HeldInstance {
  /** As in the file: an original, which is never kept in the clear. */
  readonly sopInstanceUID: string;
  readonly reason: ReasonCode;
}

/** What `finishNaming` writes, in its transaction. */
export interface KeptHeld {
  readonly held: Held;
  /** Entries of the same study that held some of what was chosen now. */
  readonly earlier: readonly {
    readonly id: string;
    readonly before: Held;
    readonly held: Held;
    readonly taken: number;
  }[];
}

interface Chosen {
  readonly studyId: string;
  readonly held: readonly HeldInstance[];
  /** The SOP Instance UIDs of all files that were chosen, as in the files. */
  readonly sopInstanceUIDs: ReadonlySet<string>;
}

/** Ciphers: call it before the transaction. */
export async function keepHeld(database: LocalDatabase, key: CryptoKey, chosen: Chosen): Promise<KeptHeld> {
  const study = await database.studies.get(chosen.studyId);
  const others = await database.studies
    .filter(
      (row) =>
        row.id !== chosen.studyId &&
        row.studyInstanceUID === (study?.studyInstanceUID ?? undefined) &&
        (row.account === null || row.account === study?.account) &&
        row.state !== 'taken-back' &&
        row.held.sealed !== undefined,
    )
    .toArray();
  const earlier: KeptHeld['earlier'][number][] = [];
  for (const { id, held: before } of others) {
    const all = (await openHeld(key, id, before)).filter(({ reason }) =>
      before.reasons.some((open) => open.reason === reason),
    );
    const left = all.filter(({ sopInstanceUID }) => !chosen.sopInstanceUIDs.has(sopInstanceUID));
    const taken = all.length - left.length;
    if (taken > 0) earlier.push({ id, before, held: await toHeld(key, id, left, before.leftOut), taken });
  }
  return { held: await toHeld(key, chosen.studyId, chosen.held, 0), earlier };
}

/** Part of the caller's transaction. */
export async function applyKept(database: LocalDatabase, { earlier }: KeptHeld): Promise<void> {
  for (const { id, before, held, taken } of earlier) {
    const row = await database.studies.get(id);
    // Somebody decided meanwhile, in another tab: that stands.
    if (!row || JSON.stringify(row.held.reasons) !== JSON.stringify(before.reasons)) continue;
    await database.studies.update(id, { held, chosen: row.chosen - taken, ...endOf({ ...row, held }) });
  }
}

export async function leaveOutHeld(database: LocalDatabase, id: string, reason: string): Promise<void> {
  await database.transaction('rw', database.studies, async () => {
    const study = await database.studies.get(id);
    const open = study?.held.reasons.find((held) => held.reason === reason);
    if (!study || !open) return;
    const reasons = study.held.reasons.filter((held) => held !== open);
    const held: Held = {
      reasons,
      leftOut: study.held.leftOut + open.instances,
      ...(reasons.length > 0 && study.held.sealed && { sealed: study.held.sealed }),
    };
    await database.studies.update(id, { held, ...endOf({ ...study, held }) });
  });
}

/** The title that a study keeps once it is done: a person who must still decide has to know whose it is. */
export function titleAtEnd({ held, title }: StudyRow): StudyRow['title'] {
  return held.reasons.length > 0 ? title : null;
}

function endOf(study: StudyRow): Partial<StudyRow> {
  return study.state === 'done' ? { title: titleAtEnd(study) } : {};
}

async function toHeld(
  key: CryptoKey,
  id: string,
  held: readonly HeldInstance[],
  leftOut: number,
): Promise<Held> {
  const counts = new Map<string, number>();
  for (const { reason } of held) addTo(counts, reason);
  if (held.length === 0) return { reasons: [], leftOut };
  const sealed = await seal(key, new TextEncoder().encode(JSON.stringify(held)), `held/${id}`);
  return { reasons: listOf(counts), leftOut, sealed };
}

async function openHeld(key: CryptoKey, id: string, { sealed }: Held): Promise<readonly HeldInstance[]> {
  if (sealed === undefined) return [];
  return JSON.parse(new TextDecoder().decode(await open(key, sealed, `held/${id}`))) as HeldInstance[];
}
