/**
 * Sends the sample studies as any DICOMweb client would (STOW-RS, PS3.18 §10.5), and has models look at the films.
 * Studies that are there are not sent again.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as after } from 'node:timers/promises';
import { z } from 'zod';
import { concatBytes } from '#shared/dicom/encode.ts';
import { jobSchema, resultSchema } from '#shared/protocol/inference.ts';
import { sentStudiesSchema } from '#shared/protocol/studies.ts';
import { ApiProblem, problemOf, type ApiClient } from '../../../client/src/net/api-client.ts';
import type { People } from './sample-people.ts';
import { filesOf, type SampleStudy } from './sample-studies.ts';

const SENDER = 'sample-technician';
const READER = 'sample-radiologist';
/** Between looks at something that takes seconds. */
const LOOK_MS = 500;
/** How often a study is sent to a PACS that stores nothing: for a minute and more. */
const SENT_AT_MOST = 120;

export type Tell = (line: string) => void;

type Sent = {
  /** With the UIDs that they have in the PACS. */
  readonly studies: readonly SampleStudy[];
  /** How many were not there before. */
  readonly sent: number;
};

export async function sendStudies(
  people: People,
  studies: readonly SampleStudy[],
  tell: Tell,
): Promise<Sent> {
  const api = people.as(SENDER);
  const known = await sentBefore(api, people.signal);
  const stored: SampleStudy[] = [];
  for (const [at, study] of studies.entries()) {
    if (known.has(study.studyInstanceUID)) {
      stored.push(study);
      continue;
    }
    tell(`sending study ${at + 1} of ${studies.length}`);
    stored.push({ ...study, studyInstanceUID: await storeUntilNamed(api, study, people.signal) });
  }
  return { studies: stored, sent: stored.filter((study) => !known.has(study.studyInstanceUID)).length };
}

/** By UID, and whether it has its receipt. */
async function sentBefore(api: ApiClient, signal: AbortSignal): Promise<ReadonlyMap<string, boolean>> {
  const known = new Map<string, boolean>();
  for (let cursor: string | null = ''; cursor !== null; ) {
    const more: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page = await api.json(`/studies?limit=200${more}`, sentStudiesSchema, { signal });
    for (const { studyInstanceUID, standing } of page.studies)
      known.set(studyInstanceUID, standing === 'ended');
    cursor = page.next;
  }
  return known;
}

/** The Retrieve URL of a study that was stored; missing while the PACS has none of it. */
const storedSchema = z.object({ '00081190': z.object({ Value: z.tuple([z.string()]).optional() }) });

/** Returns the UID that the study has in the PACS; null: the PACS has none of it yet. */
async function store(api: ApiClient, study: SampleStudy, signal: AbortSignal): Promise<string | null> {
  const boundary = randomBytes(16).toString('hex');
  const text = (line: string): Uint8Array => new TextEncoder().encode(line);
  const parts = filesOf(study).flatMap((file) => [
    text(`--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`),
    file,
    text('\r\n'),
  ]);
  const body = concatBytes([...parts, text(`--${boundary}--\r\n`)]);
  const policy = study.isDeidentified ? 'deidentified' : 'identified';
  const answer = await api.send(`/dicom-web/studies/${study.studyInstanceUID}?policy=${policy}`, {
    method: 'POST',
    headers: {
      'content-type': `multipart/related; type="application/dicom"; boundary=${boundary}`,
      accept: 'application/dicom+json',
    },
    body: body as Uint8Array<ArrayBuffer>,
    signal,
  });
  if (!answer.ok) throw await problemOf(answer);
  const { Value } = storedSchema.parse(await answer.json())['00081190'];
  if (Value !== undefined) return Value[0].split('/').at(-1)!;
  return study.isDeidentified ? null : study.studyInstanceUID;
}

/** A study without names is sent again until the answer tells its UID. */
async function storeUntilNamed(api: ApiClient, study: SampleStudy, signal: AbortSignal): Promise<string> {
  for (let sent = 0; sent < SENT_AT_MOST; sent += 1) {
    const uid = await store(api, study, signal);
    if (uid !== null) return uid;
    await after(LOOK_MS, undefined, { signal });
  }
  throw new Error(
    'The PACS stores nothing at the moment. Check it under Administration, then run this again.',
  );
}

/** Until each has its receipt. */
export async function awaitReceipts(
  people: People,
  studies: readonly SampleStudy[],
  tell: Tell,
): Promise<void> {
  for (;;) {
    const known = await sentBefore(people.as(SENDER), people.signal);
    const open = studies.filter(({ studyInstanceUID }) => known.get(studyInstanceUID) !== true).length;
    if (open === 0) return;
    tell(`waiting for the PACS: ${open} of ${studies.length} studies`);
    await after(LOOK_MS, undefined, { signal: people.signal });
  }
}

const resultsSchema = z.object({ results: z.array(resultSchema) });
/** The model is not there, or is stopped: then nobody looks. */
const WITHOUT_MODEL: readonly (string | null)[] = [
  'model-not-found',
  'model-not-usable',
  'model-unavailable',
];

/** The count of films with results; null: there is no model. */
export async function runModels(
  people: People,
  studies: readonly SampleStudy[],
  tell: Tell,
): Promise<number | null> {
  const films = studies.filter(({ kind }) => kind === 'CR');
  let seen = 0;
  for (const [at, film] of films.entries()) {
    tell(`a model looks at film ${at + 1} of ${films.length}`);
    try {
      await look(people, film.studyInstanceUID);
    } catch (error) {
      if (error instanceof ApiProblem && WITHOUT_MODEL.includes(error.anyCode)) return null;
      throw error;
    }
    if (await judge(people, film)) seen += 1;
  }
  return seen;
}

/** Asked for unless a result is there or a job has ended: a rule may have asked before. */
async function look({ as, signal }: People, studyInstanceUID: string): Promise<void> {
  const api = as(READER);
  if ((await resultsOf(api, studyInstanceUID, signal)).length > 0) return;
  let job = await api.json('/infer', jobSchema, { body: { model: 'pneumonia', studyInstanceUID }, signal });
  while (job.state === 'queued' || job.state === 'running') {
    await after(LOOK_MS, undefined, { signal });
    job = await api.json(`/jobs/${job.id}`, jobSchema, { signal });
  }
}

const resultsOf = async (api: ApiClient, study: string, signal: AbortSignal) =>
  (await api.json(`/results?study=${study}`, resultsSchema, { signal })).results;

/** A radiologist says of every second film what they think of the answer. Returns whether there is an answer. */
async function judge(
  { as, signal }: People,
  { studyInstanceUID, number, isOpaque }: SampleStudy,
): Promise<boolean> {
  const api = as(READER);
  const results = await resultsOf(api, studyInstanceUID, signal);
  const answered = results.find(({ finding }) => finding.positive !== null);
  if (answered === undefined || answered.verification !== null || number % 4 !== 1) return results.length > 0;
  // Nobody judges a picture that they have not seen.
  await api.text(`/results/${answered.id}/explanations/image`, { signal });
  const isRight = answered.finding.positive === isOpaque;
  const reason = 'Sample: the drawing says so.';
  const finding = isOpaque ? 'pneumonia' : 'normal';
  const body = isRight ? { verdict: 'agree' } : { verdict: 'correct', finding, reason };
  await api.json(`/results/${answered.id}/verify`, resultSchema, { body, signal });
  return true;
}
