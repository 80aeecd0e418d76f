/** Recognises the patients of sample data by their Patient IDs, also as the policy of a study replaces them. */
import { patientKeyOf } from '#shared/deid/patient-key.ts';
import { createPseudonyms, createRequests } from '#shared/deid/pseudonyms.ts';
import { SAMPLE_PATIENT_PREFIX, samplePatients } from '#shared/protocol/sample.ts';
import { secretsUnder } from '#shared/transfer/patient-secrets.ts';
import { keyNameOf } from '#shared/transfer/policy-key.ts';
import type { Trx } from '../database/database.ts';
import type { PipelineTools } from '../pipeline/plan/pipeline-tools.ts';
import type { StudyRow } from '../pipeline/stores/study.store.ts';
import { findPolicy } from '../policies/policies.ts';

/** `rows`: those of one study. */
export async function isSamplePatientOf(
  trx: Trx,
  { policyKey }: Pick<PipelineTools, 'policyKey'>,
  rows: readonly StudyRow[],
): Promise<(patientId: string) => boolean> {
  const pseudonyms = new Set<string>();
  for (const { site_id: siteId, policy_name: name, policy_version: version } of rows) {
    const policy = await findPolicy(trx, siteId, { name, version });
    if (policy?.deidentify !== true) continue;
    const key = await policyKey(keyNameOf(policy));
    const patients = samplePatients().flatMap(
      (id) => patientKeyOf({ id, issuer: '' }, policy.patientDomain ?? 'id') ?? [],
    );
    const of = await createPseudonyms(await secretsUnder(key), key.tagKey);
    const { patient } = await of.resolve({ ...createRequests(''), patients: new Set(patients) });
    for (const each of patients) pseudonyms.add(patient(each));
  }
  return (id) => id.startsWith(SAMPLE_PATIENT_PREFIX) || pseudonyms.has(id);
}
