/** Stores the samples by C-STORE, waits until C-FIND shows them, and reads one back by C-GET. */
import { EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN, SOP_CLASSES } from '#shared/dicom/registry.ts';
import { AssociationFailed } from '../dimse/association-failed.ts';
import { withAssociation, type Wanted } from '../dimse/association.ts';
import { SUCCESS } from '../dimse/command-fields.ts';
import type { CanonicalOutcome } from '../dimse/canonical-data-set.ts';
import { createDigestReader } from '../dimse/digest-reader.ts';
import { gather, get, STUDY_ROOT_FIND, STUDY_ROOT_GET } from '../dimse/messages.ts';
import { openDataSet } from '../ports/pacs/dimse-files.ts';
import { identifierOf, listStudy } from '../ports/pacs/dimse-search.ts';
import { storeAll } from '../ports/pacs/dimse-store.ts';
import { PacsDoesNotSearch, type StoreAnswer } from '../ports/pacs/pacs.ts';
import { diagnose, type Finding } from './diagnoses.ts';
import { inHex, peerOf } from './dimse.ts';
import { createSamples, type Sample } from './sample.ts';
import { judgeTold, lostOf, SAMPLE_BYTES_LIMIT, tookNone, toStore, waitUntilShown } from './store-sample.ts';
import type { Probe, Visit } from './visit.ts';

export const STORE_OVER_DIMSE: Probe = { run: storeSamples };

const QUERY: Wanted = { abstractSyntax: STUDY_ROOT_FIND, transferSyntaxes: [IMPLICIT_VR_LITTLE_ENDIAN] };

/** The name of the error, if the PACS did not answer or violated the protocol. */
const failed = (error: unknown): string => {
  if (error instanceof AssociationFailed) return `no answer, ${error.connection}`;
  throw error;
};

async function storeSamples(visit: Visit): Promise<readonly Finding[]> {
  const samples = createSamples(2, visit.clock.now());
  // Noted before the request, because the samples may be stored even if the answer is lost.
  visit.found.samples = samples;
  const told: readonly StoreAnswer[] | string = await storeAll(
    peerOf(visit),
    samples.map(toStore),
    visit.signal,
  ).catch(failed);
  if (typeof told === 'string') return [diagnose('store-unanswered', { outcome: told })];
  visit.found.isNoneTaken = tookNone(told);
  const stored = judgeTold(told, 'an answer without them');
  if (stored.result === 'fail') return [stored];
  const lag = await waitUntilShown(visit, () => countShownOverDimse(visit));
  const lost = await lostOf(
    visit,
    async ({ identifiers }) => (await readBack(visit, identifiers)) === NOTHING_BROUGHT,
  );
  return [stored, lag, await compare(visit, samples[0]!), ...lost];
}

/** Counts the samples that C-FIND shows; null if the PACS does not answer. */
export async function countShownOverDimse(visit: Visit): Promise<number | null> {
  const { samples } = visit.found;
  const study = samples[0]!.identifiers.studyInstanceUID;
  try {
    return await withAssociation(peerOf(visit), { contexts: [QUERY] }, visit.signal, async (association) => {
      const { instances } = await listStudy(association, study, 2 * samples.length);
      const shown = new Set(instances.map(({ sopInstanceUID }) => sopInstanceUID));
      return samples.filter(({ identifiers }) => shown.has(identifiers.sopInstanceUID)).length;
    });
  } catch (error) {
    if (error instanceof AssociationFailed || error instanceof PacsDoesNotSearch) return null;
    throw error;
  }
}

async function compare(visit: Visit, { identifiers, bytes }: Sample): Promise<Finding> {
  const back = await readBack(visit, identifiers);
  visit.found.returnsSameBytes = false;
  if (typeof back === 'string') return diagnose('not-read-back', { outcome: back });
  visit.found.returnsSameBytes = await isDataSetOf(back, bytes);
  return diagnose(visit.found.returnsSameBytes ? 'same-bytes' : 'other-bytes');
}

/** The PACS searched and has no such instance. */
const NOTHING_BROUGHT = 'C-GET brought nothing';

/** The Data Set, or the reason why there is none. */
async function readBack(visit: Visit, where: Sample['identifiers']): Promise<Buffer | string> {
  const contexts = [
    { abstractSyntax: STUDY_ROOT_GET, transferSyntaxes: [IMPLICIT_VR_LITTLE_ENDIAN] },
    { abstractSyntax: where.sopClassUID, transferSyntaxes: [EXPLICIT_VR_LITTLE_ENDIAN] },
  ];
  const proposal = { contexts, takes: [SOP_CLASSES.SC] };
  const asked = { identifier: identifierOf(where), sopInstanceUID: where.sopInstanceUID };
  const work = withAssociation(
    peerOf(visit),
    proposal,
    visit.signal,
    async (association): Promise<Buffer | string> => {
      const context = association.contextOf(STUDY_ROOT_GET);
      if (context?.result !== 0) return 'no C-GET';
      const { status, taken } = await get(association, context, asked, ({ dataSet }) =>
        gather(dataSet, SAMPLE_BYTES_LIMIT),
      );
      return taken ?? (status === SUCCESS ? NOTHING_BROUGHT : `C-GET failed, status ${inHex(status)}`);
    },
  );
  return work.catch(failed);
}

/** Compares canonical digests, because the PACS may change the encoding. */
async function isDataSetOf(dataSet: Uint8Array, file: Uint8Array): Promise<boolean> {
  const opened = await openDataSet(once(file));
  if (opened === null) return false;
  const back = await digestOf(once(dataSet));
  const own = await digestOf(opened.dataSet);
  return back.kind === 'digest' && own.kind === 'digest' && back.digest === own.digest;
}

async function digestOf(dataSet: AsyncIterable<Uint8Array>): Promise<CanonicalOutcome> {
  const reader = createDigestReader(EXPLICIT_VR_LITTLE_ENDIAN);
  for await (const piece of dataSet) await reader.take(piece);
  return reader.end();
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
