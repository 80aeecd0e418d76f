/** Saves studies to a file for a stick; provided to views. */
import { provided } from '../../../kit/provided.ts';
import type { PackedStick, StickRefusal } from './pack-stick.ts';

export interface StickSaver {
  /** Creates the file for these studies of the signed-in person. A refusal says why there is none. */
  pack(studyIds: readonly string[]): Promise<PackedStick | StickRefusal>;
}

export const [ProvideStick, useStick] = provided<StickSaver>('stick');
