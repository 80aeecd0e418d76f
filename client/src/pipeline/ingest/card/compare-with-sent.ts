/**
 * Compares a study that was chosen again with its receipt and with what the PACS has of it now, to tell which of its
 * instances are already there. Each file is recognised by the UID and the digest that it would be sent with. No
 * identifier from a file leaves the device.
 */
import type { Receipt } from '#shared/protocol/receipt.ts';
import type { FoundStudy, IngestStore } from '../found/found-study.ts';
import { decidedAs } from '../found/held-back.ts';
import { recogniseFile } from '../found/recognise-file.ts';
import { mapInParallel } from '../workers/run-in-parallel.ts';

export interface PartInPacs {
  /** Instances that the PACS has with the same content. */
  readonly there: number;
  readonly fresh: number;
  /** Instances under whose SOP Instance UID the PACS has another image. */
  readonly differs: number;
  /** Instances that are held until a person decides, or that are left out. */
  readonly staying: number;
  /** Instances of another patient that were left out before, and about which nobody has decided this time. */
  readonly leftOut: number;
  /** Chosen instances that were sent before but are no longer in the PACS. */
  readonly gone: number;
}

/** The limit for a comparison, because each file is read and de-identified for it: a few seconds on a tablet. */
export const COMPARED_AT_MOST = { instances: 200, bytes: 200_000_000 };
/** How many files are recognised in parallel. */
const AT_ONCE = 4;

const STORED: ReadonlySet<string> = new Set(['stored', 'already-stored', 'coerced']);

/** A text that changes when other files of the study stay here, or when others are gone from the PACS. */
export function heldIn({ heldBack }: Pick<IngestStore, 'heldBack'>, studyInstanceUID: string): string {
  const own = heldBack.value.filter((held) => held.studyInstanceUID === studyInstanceUID);
  return own.map(({ path, isGone }) => `${path}${isGone ? ' gone' : ''}`).join('\n');
}

type Sent = {
  readonly receipt: Pick<Receipt, 'instances' | 'withheld'>;
  readonly inPacs: number;
  /** Asks which of these SOP Instance UIDs, as sent, the PACS has now; null: the PACS was not reached. */
  readonly now: (sopInstanceUIDs: readonly string[]) => Promise<ReadonlySet<string> | null>;
};
type Chosen = Pick<IngestStore, 'inspection' | 'policy' | 'released' | 'mixed'>;

/**
 * `inPacs`: the number of the study's instances in the PACS. Null if the receipt does not cover all of them. The
 * result is stored in `study.inPacs`, for summaries of the whole selection. Throws NotPrepared, TaskFault, or the
 * signal's reason.
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
  // The PACS has the covered or released instance, whose digest depends on the boxes drawn at the time.
  const open = files.filter((found) => decidedAs(policy, released, found) !== 'in-pacs');
  const keys = await mapInParallel(open, AT_ONCE, (found) =>
    recogniseFile(inspection, { studyInstanceUID, found }, signal),
  );
  const named = keys.filter((key) => key !== null);
  // The PACS is asked only about the chosen instances, not about all that were sent.
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
  // A held file has no key yet. The PACS was asked about it earlier (`goneSince`).
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

/** Each SOP Instance UID that the receipt lists as being in the PACS, with its digest. */
const storedOf = (instances: Receipt['instances']): (readonly [string, string])[] =>
  instances
    .filter(({ state }) => STORED.has(state))
    .map(({ sopInstanceUID, digest }) => [sopInstanceUID, digest]);
