/**
 * The UIDs that an instance which is not sent would have had after its policy was applied. With them, its study does
 * not look complete.
 */
import { isKeptUid } from '../deid/kept-uids.ts';
import { createRequests } from '../deid/pseudonyms.ts';
import type { BegunInstance } from './begun-instance.ts';
import type { DevicePolicy } from './ingest-file.ts';

/**
 * `patient`: the patient's key (deid/patient-key.ts). Undefined: the policy replaces UIDs, and the patient is not
 * known.
 */
export async function sentUidsOf(
  { studyInstanceUID, sopInstanceUID }: BegunInstance,
  patient: string | undefined,
  policy: DevicePolicy,
): Promise<BegunInstance | undefined> {
  if (policy.kind === 'identified' || policy.rules.options.includes('retain-uids'))
    return { studyInstanceUID, sopInstanceUID };
  if (patient === undefined) return undefined;
  const requests = createRequests(patient);
  for (const uid of [studyInstanceUID, sopInstanceUID]) requests.uids.add(uid);
  const pseudonyms = await policy.pseudonyms.resolve(requests);
  const toSent = (uid: string): string => (isKeptUid(uid) ? uid : pseudonyms.uid(uid));
  return { studyInstanceUID: toSent(studyInstanceUID), sopInstanceUID: toSent(sopInstanceUID) };
}
