/**
 * One instance before and after the policy, by the code that sends: what is shown after is read back from the
 * bytes that would travel. Runs in a worker; nothing of it is kept.
 */
import { blobSource } from '#shared/dicom/byte-source.ts';
import { loadKeywords } from '#shared/dicom/dictionary.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { applyPolicy, type DevicePolicy } from '../ingest/ingest-file.ts';
import type { Comparison } from './comparison.ts';
import { pairDataSets } from './pair-data-sets.ts';

/** Answers with the reason where the instance does not travel under this policy. */
export async function compareInstance(
  file: Blob,
  policy: DevicePolicy,
  released: boolean,
): Promise<Comparison> {
  const applied = await applyPolicy(file, false, policy, undefined, released);
  if (applied.kind !== 'applied') return applied;
  const [before, after] = [
    await readInstance(blobSource(file), undefined, 'replaced'),
    await readInstance(blobSource(applied.bytes)),
  ];
  if (before.kind !== 'ready') return before;
  if (after.kind !== 'ready') return after;
  const report = policy.kind === 'identified' ? null : applied.report;
  return {
    kind: 'compared',
    ...pairDataSets({
      before: before.instance,
      after: after.instance,
      report,
      keywords: await loadKeywords(),
    }),
  };
}
