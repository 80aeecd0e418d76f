/** The instances that a queued study holds back, as its row lists them, encrypted under the device's key. */
import type { ReasonCode } from '#shared/protocol/reasons.ts';
import type { LeftOutCause } from '#shared/protocol/withheld.ts';
import { open } from './device-key.ts';
import type { StudyRow } from './local-database.ts';

export type Held = StudyRow['held'];

interface HeldInstance {
  /** The original UID from the file, which is never stored in the clear. */
  readonly sopInstanceUID: string;
  /**
   * The mark of the instance's patient (markOfPart). A decision about the instance ends when its file names another
   * patient.
   */
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
  /** SOP Instance UIDs of which only a damaged file was chosen, or which the disc's index names without a file. */
  readonly damaged: readonly string[];
  /** Instances that a person left out, before Send or in an earlier entry. */
  readonly leftOut: readonly LeftOutInstance[];
}

/** The Study Instance UID, as in the files, of the instances that the row holds back; null: there are none. */
export async function heldStudyOf(key: CryptoKey, { id, held }: StudyRow): Promise<string | null> {
  return (await openHeld(key, id, held))?.studyInstanceUID ?? null;
}

export async function openHeld(key: CryptoKey, id: string, { sealed }: Held): Promise<SealedHeld | null> {
  if (sealed === undefined) return null;
  return JSON.parse(new TextDecoder().decode(await open(key, sealed, `held/${id}`))) as SealedHeld;
}
