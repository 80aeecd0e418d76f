/** Saving studies to a file for a stick, for views. */
import { provided } from '../../../kit/provided.ts';
import type { PackedStick, StickRefusal } from './pack-stick.ts';

export interface StickSaver {
  /** The file for these studies of the signed-in person; a refusal says why there is none. */
  pack(studyIds: readonly string[]): Promise<PackedStick | StickRefusal>;
}

export const [ProvideStick, useStick] = provided<StickSaver>('stick');
