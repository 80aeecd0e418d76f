/** Whether a study waits for its owner: its bytes are here, and the right to send them has ended. */
import type { StudyRow } from './local-database.ts';

export function waitsForOwner({ waiting, packing, state }: StudyRow): boolean {
  return waiting === 'signed-out' && !packing && ['safe', 'uploading', 'at-gateway'].includes(state);
}
