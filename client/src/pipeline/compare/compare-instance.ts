/**
 * One instance before and after the policy, by the code that sends: “after” is read from the bytes that would be
 * sent. Runs in a worker and keeps nothing.
 */
import { blobSource } from '#shared/dicom/byte-source.ts';
import { loadKeywords } from '#shared/dicom/dictionary.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { applyPolicy, type IngestTerms } from '#shared/ingest/ingest-file.ts';
import type { Comparison } from './comparison.ts';
import { pairDataSets } from './pair-data-sets.ts';

/** Returns the reason where this policy does not allow the instance to be sent. */
export async function compareInstance(file: Blob, terms: Omit<IngestTerms, 'inFolder'>): Promise<Comparison> {
  const { policy } = terms;
  const applied = await applyPolicy(file, { ...terms, inFolder: false });
  if (applied.kind !== 'applied') return applied;
  const before = await readInstance(blobSource(file), undefined, 'replaced');
  const after = await readInstance(blobSource(applied.bytes));
  if (before.kind !== 'ready') return before;
  if (after.kind !== 'ready') return after;
  const report = policy.kind === 'identified' ? null : applied.report;
  return {
    kind: 'compared',
    ...pairDataSets({
      before: before.instance,
      after: after.instance,
      report,
      isOrdered: policy.kind === 'identified' && policy.order !== undefined,
      keywords: await loadKeywords(),
    }),
  };
}
