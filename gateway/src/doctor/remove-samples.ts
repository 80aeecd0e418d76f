/**
 * Removes the samples if the PACS offers a way (Orthanc's REST API, or DELETE of the study), and reports the outcome.
 * It never requests removal of anything that this examination did not store.
 */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { ENTRIES } from '../ports/pacs/orthanc-json.ts';
import { isDimse } from './dimse.ts';
import { diagnose, type Finding } from './diagnoses.ts';
import { SAMPLE_PATIENT } from './sample.ts';
import { countShown } from './store-sample.ts';
import { countShownOverDimse } from './store-over-dimse.ts';
import { readAnswer } from './read-answer.ts';
import type { Visit } from './visit.ts';

/** Waits between two searches, because some PACSs delete in the background. A removal has eight seconds in all. */
const LOOK_MS = [250, 500, 1_000, 2_000];

export async function removeSamples(visit: Visit): Promise<Finding> {
  const { samples, isNoneTaken } = visit.found;
  if (samples.length === 0) return diagnose('nothing-to-remove');
  const study = samples[0]!.identifiers.studyInstanceUID;
  const outcome = await askRemoval(visit, study);
  if (outcome === 'removed' || outcome === 'absent') return diagnose(outcome);
  const shown = await countLeft(visit, outcome === 'promised');
  const facts = { patient: SAMPLE_PATIENT, study };
  if (shown === null) return diagnose('removal-untold', facts);
  if (shown > 0) return diagnose('not-removed', facts);
  if (outcome === 'promised') return diagnose('removed');
  // The samples may be stored although no search shows them: a PACS may index later.
  return isNoneTaken ? diagnose('absent') : diagnose('removal-untold', facts);
}

/**
 *   removed    an Orthanc has deleted it
 *   absent     an Orthanc says that it has no such study
 *   promised   the PACS answers DELETE with a success
 *   kept       neither way of removal was possible
 */
type Outcome = 'removed' | 'absent' | 'promised' | 'kept';

async function askRemoval(visit: Visit, study: string): Promise<Outcome> {
  const { connection, ask, found } = visit;
  if (isDimse(connection.url)) return 'kept';
  const byOrthanc = found.orthancRest === null ? 'kept' : await removeFromOrthanc(visit, study);
  if (byOrthanc !== 'kept') return byOrthanc;
  // No standard defines this request, but the DICOM stores of clouds and some PACSs accept it.
  const gone = await ask({ method: 'DELETE', url: `${connection.url}/studies/${study}` });
  return gone.kind === 'answer' && gone.status >= 200 && gone.status < 300 ? 'promised' : 'kept';
}

async function removeFromOrthanc(visit: Visit, study: string): Promise<Outcome> {
  const { found, ask } = visit;
  const root = found.orthancRest!;
  const looked = await ask({ method: 'POST', url: `${root}/tools/lookup`, body: Buffer.from(study) });
  const isFound = looked.kind === 'answer' && looked.status === 200;
  const entries = isFound ? await readAnswer(visit, looked, ENTRIES) : null;
  if (entries === null || entries === 'object') return 'kept';
  let outcome: Outcome = 'absent';
  for (const { type, id } of entries) {
    if (type !== 'Study') continue;
    const gone = await ask({ method: 'DELETE', url: `${root}/studies/${id}` });
    if (gone.kind === 'none' || (gone.status !== 200 && gone.status !== 404)) return 'kept';
    outcome = 'removed';
  }
  return outcome;
}

async function countLeft(visit: Visit, isPromised: boolean): Promise<number | null> {
  const count = isDimse(visit.connection.url) ? countShownOverDimse : countShown;
  let left = await count(visit);
  for (const ms of isPromised ? LOOK_MS : []) {
    if (left === 0 || visit.signal.aborted) break;
    await ignoreFailure(visit.clock.wait(ms, visit.signal), 'the next look sees that the time is over');
    left = await count(visit);
  }
  return left;
}
