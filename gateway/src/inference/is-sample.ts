/** Recognizes the sample study, both the first visitor's and each destination's, under any policy. */
import { createPseudonyms, createRequests } from '#shared/deid/pseudonyms.ts';
import type { InferenceRule } from '#shared/protocol/rule.ts';
import { patientKeyOf } from '#shared/deid/patient-key.ts';
import { FIRST_SAMPLE, sampleUid } from '#shared/dicom/sample-uids.ts';
import { secretsUnder } from '#shared/transfer/patient-secrets.ts';
import { keyNameOf } from '#shared/transfer/policy-key.ts';
import type { StudyRow } from '../pipeline/stores/study.store.ts';
import { findPolicy, RESULTS_POLICY } from '../policies/policies.ts';
import type { InferenceTools } from './inference-tools.ts';
import { SAMPLE_PATIENT_ID, SAMPLE_RULE } from './inference-rules.ts';

/** The built-in rule that matches this study, if any, for a dry run. */
export async function builtInRules(
  tools: Pick<InferenceTools, 'db' | 'policyKey'>,
  siteId: string,
  studyInstanceUID: string,
): Promise<readonly InferenceRule[]> {
  const rows = await tools.db
    .selectFrom('study')
    .selectAll()
    .where('site_id', '=', siteId)
    .where('study_instance_uid', '=', studyInstanceUID)
    .where('policy_name', '<>', RESULTS_POLICY.name)
    .execute();
  for (const row of rows) if (await isSample(row, tools)) return [SAMPLE_RULE];
  return [];
}

/** Under a policy that replaces UIDs, the study has a pseudonym that is derived from its patient and its UID. */
export async function isSample(
  { site_id: siteId, study_instance_uid: uid, policy_name: name, policy_version: version }: StudyRow,
  { db, policyKey }: Pick<InferenceTools, 'db' | 'policyKey'>,
): Promise<boolean> {
  const destinations = await db
    .selectFrom('destination')
    .select('id')
    .where('site_id', '=', siteId)
    .execute();
  const samples = [FIRST_SAMPLE, ...destinations.map(({ id }) => id)].map((uuid) => sampleUid(uuid, 0));
  if (samples.includes(uid)) return true;
  const policy = await findPolicy(db, siteId, { name, version });
  const patient = patientKeyOf({ id: SAMPLE_PATIENT_ID, issuer: '' }, policy?.patientDomain ?? 'id');
  if (policy?.deidentify !== true || patient === null) return false;
  const key = await policyKey(keyNameOf(policy));
  const pseudonyms = await createPseudonyms(await secretsUnder(key), key.tagKey);
  const requests = createRequests(patient);
  for (const sample of samples) requests.uids.add(sample);
  const resolved = await pseudonyms.resolve(requests);
  return samples.some((sample) => resolved.uid(sample) === uid);
}
