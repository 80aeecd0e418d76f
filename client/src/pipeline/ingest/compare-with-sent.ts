/**
 * Compares a study that was chosen again with its receipt and with what the PACS has of that now, to tell which of its
 * instances are there already. Each file is named as it would be sent, and no identifier of a file leaves the device.
 */
import type { Receipt } from '#shared/protocol/receipt.ts';
import type { FoundStudy, IngestStore } from './found-study.ts';
import { decidedAs } from './held-back.ts';
import { recogniseFile } from './recognise-file.ts';
import { mapInParallel } from './run-in-parallel.ts';

export interface PartInPacs {
  /** With the same content. */
  readonly there: number;
  readonly fresh: number;
  /** Under the same SOP Instance UID there is another image. */
  readonly differs: number;
  /** Held until a person decides, or left out. */
  readonly staying: number;
  /** Another patient's, left out before: nobody has decided about them this time. */
  readonly leftOut: number;
  /** Chosen instances that were sent before, and that the PACS no longer has. */
  readonly gone: number;
}

/** Each file is read and de-identified for it: a few seconds on a tablet. */
export const COMPARED_AT_MOST = { instances: 200, bytes: 200_000_000 };
/** Files that are named side by side. */
const AT_ONCE = 4;

const STORED: ReadonlySet<string> = new Set(['stored', 'already-stored', 'coerced']);

/** Another text where other files of the study stay here, or others of them are gone from the PACS. */
export function heldIn({ heldBack }: Pick<IngestStore, 'heldBack'>, studyInstanceUID: string): string {
  const own = heldBack.value.filter((held) => held.studyInstanceUID === studyInstanceUID);
  return own.map(({ path, isGone }) => `${path}${isGone ? ' gone' : ''}`).join('\n');
}

type Sent = {
  readonly receipt: Pick<Receipt, 'instances' | 'withheld'>;
  readonly inPacs: number;
  /** Asks which of these SOP Instance UIDs, as sent, the PACS has now; null: it was not reached. */
  readonly now: (sopInstanceUIDs: readonly string[]) => Promise<ReadonlySet<string> | null>;
};
type Chosen = Pick<IngestStore, 'inspection' | 'policy' | 'released' | 'mixed'>;

/**
 * `inPacs`: of the study in the PACS; null where the receipt is not of all of them. The study keeps the result, for
 * what is said of all that was chosen. Throws NotPrepared, TaskFault, or the signal's reason.
 */
export async function compareWithSent(
  { inspection, mixed, ...chosen }: Chosen,
  study: Pick<FoundStudy, 'studyInstanceUID' | 'inPacs'>,
  { receipt: { instances, withheld }, inPacs, now }: Sent,
  signal: AbortSignal,
): Promise<PartInPacs | null> {
  const { studyInstanceUID } = study;
  const policy = chosen.policy.peek();
  const released = chosen.released.peek();
  const confirmed = new Map(storedOf(instances));
  if (confirmed.size < inPacs) return null;
  const files = inspection.filesOf(studyInstanceUID);
  // Covered or released before: the PACS has it, under a digest that only its boxes tell.
  const open = files.filter((found) => decidedAs(policy, released, found) !== 'in-pacs');
  const keys = await mapInParallel(open, AT_ONCE, (found) =>
    recogniseFile(inspection, { studyInstanceUID, found }, signal),
  );
  const named = keys.filter((key) => key !== null);
  // The PACS is asked for what is chosen, not for all that was sent.
  const asked = [...new Set(named.map(({ sopInstanceUID }) => sopInstanceUID))];
  const before = asked.filter((uid) => confirmed.has(uid));
  const has = before.length > 0 ? await now(before) : null;
  const stored = new Map([...confirmed].filter(([uid]) => has?.has(uid) ?? true));
  const known = named.filter(({ sopInstanceUID }) => stored.has(sopInstanceUID));
  const places = new Set(files.map(({ ordinal }) => ordinal));
  for (const [at, { ordinal }] of open.entries()) {
    const key = keys[at];
    if (!key || stored.get(key.sopInstanceUID) !== key.digest) places.delete(ordinal);
  }
  const there = places.size;
  const same = there - (files.length - open.length);
  const unknown = named.length - known.length;
  // A held one has no name yet; of it the PACS was asked when it was recognised.
  const heldAndGone = open.filter(({ goneSince }, at) => goneSince !== undefined && keys[at] === null).length;
  const isUndecided = mixed.peek().get(studyInstanceUID)?.isSettled === false;
  const leftOut = isUndecided ? Math.min(unknown, withheld?.['left-out-other-patient'] ?? 0) : 0;
  signal.throwIfAborted();
  study.inPacs.value = { places, policy, released };
  return {
    there,
    staying: open.length - named.length + (isUndecided ? unknown - leftOut : 0),
    fresh: isUndecided ? 0 : unknown,
    differs: known.length - same,
    leftOut,
    gone: heldAndGone + (has === null ? 0 : before.length - has.size),
  };
}

/** Each SOP Instance UID that a receipt says is in the PACS, with its digest. */
const storedOf = (instances: Receipt['instances']): (readonly [string, string])[] =>
  instances
    .filter(({ state }) => STORED.has(state))
    .map(({ sopInstanceUID, digest }) => [sopInstanceUID, digest]);
