/** The instances that a queued study holds, as its row names them under the device's key. */
import type { ReasonCode } from '#shared/protocol/reasons.ts';
import type { LeftOutCause } from '#shared/protocol/withheld.ts';
import { open } from './device-key.ts';
import type { StudyRow } from './local-database.ts';

export type Held = StudyRow['held'];

interface HeldInstance {
  /** The UID as in the file: an original, which is never kept in the clear. */
  readonly sopInstanceUID: string;
  /** The mark of the instance's patient (markOfPart): a decision about it ends where another patient is named. */
  readonly patient: string;
  readonly reason: ReasonCode;
}

export interface LeftOutInstance extends Pick<HeldInstance, 'sopInstanceUID' | 'patient'> {
  readonly cause: LeftOutCause;
}

/** The sealed part of `Held`; its UIDs are those in the files. */
export interface SealedHeld {
  readonly studyInstanceUID: string;
  readonly held: readonly HeldInstance[];
  /** SOP Instance UIDs of which only a damaged file was chosen, or none where the index of their disc names them. */
  readonly damaged: readonly string[];
  /** Instances that a person left out, before Send or for an earlier entry. */
  readonly leftOut: readonly LeftOutInstance[];
}

/** The Study Instance UID, as in the files, of the instances that the row holds; null: it holds none. */
export async function heldStudyOf(key: CryptoKey, { id, held }: StudyRow): Promise<string | null> {
  return (await openHeld(key, id, held))?.studyInstanceUID ?? null;
}

export async function openHeld(key: CryptoKey, id: string, { sealed }: Held): Promise<SealedHeld | null> {
  if (sealed === undefined) return null;
  return JSON.parse(new TextDecoder().decode(await open(key, sealed, `held/${id}`))) as SealedHeld;
}
