/**
 * Opens the sample cases and writes in them what is missing. Each case is found again by the study that it is about,
 * and reviews get the same ids each time; so nothing is made twice.
 */
import { createHash } from 'node:crypto';
import { DAY_MS } from '#shared/day.ts';
import {
  caseAttachmentsSchema,
  caseListSchema,
  caseNotesSchema,
  caseSchema,
  type Case,
  type ListedCase,
} from '#shared/protocol/cases.ts';
import type { Answers } from '#shared/protocol/review-forms.ts';
import { ADJUDICATOR, type PlaceState } from '#shared/protocol/review-state.ts';
import { reviewSchema, type Review } from '#shared/protocol/reviews.ts';
import type { SampleAccount } from '#shared/protocol/sample.ts';
import { ApiProblem, problemOf, type ApiClient } from '../../../client/src/net/api-client.ts';
import { samplePdf, type SampleCase, type SampleReview } from './sample-cases.ts';
import type { People } from './sample-people.ts';
import type { Tell } from './send-studies.ts';

const KEEPER = 'sample-radiologist';
const ADJUDICATING = 'sample-third-reader';

/** `today`: for due dates. How many were opened now. */
export async function openCases(
  people: People,
  { cases, today }: { readonly cases: readonly SampleCase[]; readonly today: Date },
  tell: Tell,
): Promise<number> {
  let opened = 0;
  for (const [at, wanted] of cases.entries()) {
    tell(`case ${at + 1} of ${cases.length}`);
    const known = await find(people, wanted);
    const row = known ?? (await open(people, wanted, today));
    if (known === undefined) opened += 1;
    await writeNotes(people, row.id, wanted.notes);
    await attach(people, row.id, wanted);
    if (wanted.review !== null) await review(people, row.id, wanted.review);
    if (wanted.isClosed && row.status !== 'closed') await close(people, row.id);
  }
  return opened;
}

/** The case that the sample keeper opened: a person may have opened another one about the same study. */
async function find({ as, signal }: People, { studies }: SampleCase): Promise<ListedCase | undefined> {
  const { cases } = await as(KEEPER).json(`/cases?study=${studies[0]}`, caseListSchema, { signal });
  return cases.find(({ createdBy }) => createdBy === KEEPER);
}

function open({ as, idOf, signal }: People, wanted: SampleCase, today: Date): Promise<Case> {
  const { studies, title, priority, tags, dueInDays, assignee } = wanted;
  const due = dueInDays === null ? null : new Date(today.getTime() + dueInDays * DAY_MS);
  const dueOn = due?.toISOString().slice(0, 10) ?? null;
  const assigneeId = assignee && idOf(assignee);
  const body = { studies, title, priority, tags, dueOn, assigneeId };
  return as(KEEPER).json('/cases', caseSchema, { body, signal });
}

async function writeNotes({ as, signal }: People, id: string, wanted: readonly string[]): Promise<void> {
  if (wanted.length === 0) return;
  const { notes } = await as(KEEPER).json(`/cases/${id}/notes`, caseNotesSchema, { signal });
  const there = new Set(notes.map(({ text }) => text));
  for (const text of wanted)
    if (!there.has(text))
      await as(KEEPER).json(`/cases/${id}/notes`, caseNotesSchema, { body: { text }, signal });
}

async function attach({ as, signal }: People, id: string, { attachment, title }: SampleCase): Promise<void> {
  if (attachment === null) return;
  const api = as(KEEPER);
  const path = `/cases/${id}/attachments`;
  const { attachments } = await api.json(path, caseAttachmentsSchema, { signal });
  if (attachments.some(({ name }) => name === attachment)) return;
  const form = new FormData();
  form.set('name', attachment);
  form.set('file', new Blob([samplePdf(title)], { type: 'application/pdf' }));
  const answer = await api.send(path, { method: 'POST', body: form, signal });
  if (!answer.ok) throw await problemOf(answer);
  await answer.body?.cancel();
}

async function close({ as, signal }: People, id: string): Promise<void> {
  const { version } = await as(KEEPER).json(`/cases/${id}`, caseSchema, { signal });
  const body = { version, reason: 'Sample: answered by telephone.' };
  await as(KEEPER).json(`/cases/${id}/close`, caseSchema, { body, signal });
}

async function review(people: People, caseId: string, wanted: SampleReview): Promise<void> {
  const { admin, idOf, signal } = people;
  const id = idFrom(caseId, 'review');
  const readers = wanted.readings.map(({ by }) => idOf(by));
  const body = { id, type: wanted.type, readers };
  // An account that has read the case may not name itself.
  await admin.json(`/cases/${caseId}/reviews`, reviewSchema, { body, signal });
  for (const { by, answers } of wanted.readings) await read(people, { id, by, answers });
  const now = await show(admin, id, signal);
  if (now.state !== 'adjudication') return;
  // The gateway chose one; a person of the site shall not find it in their list.
  const place = now.places.find((one) => one.place === ADJUDICATOR);
  if (place !== undefined && place.reader?.username !== ADJUDICATING && place.state !== 'signed')
    await admin.json(`/reviews/${id}/assign`, reviewSchema, {
      body: {
        ...{ id: idFrom(id, `assign ${place.version}`), place: ADJUDICATOR, version: place.version },
        accountId: idOf(ADJUDICATING),
      },
      signal,
    });
  await read(people, { id, by: ADJUDICATING, answers: wanted.adjudication });
}

type Reading = { readonly id: string; readonly by: SampleAccount; readonly answers: Answers | null };

/**
 * Reads a review as far as it is not done yet: decides, and signs. Answers that say something else than the models
 * correct them.
 */
async function read(people: People, reading: Reading): Promise<void> {
  const { answers } = reading;
  if (answers === null) return;
  await step(people, reading, { name: 'decision', from: 'assigned', said: { decision: 'accept', answers } });
  try {
    await step(people, reading, { name: 'sign', from: 'decided', said: {} });
  } catch (error) {
    if (!(error instanceof ApiProblem) || error.anyCode !== 'review-contradicts') throw error;
    const reason = 'Sample: the film shows something else.';
    const said = { decision: 'correct', answers, reason };
    await step(people, reading, { name: 'decision', from: 'decided', said });
    await step(people, reading, { name: 'sign', from: 'decided', said: {} });
  }
}

type Step = {
  readonly name: 'decision' | 'sign';
  /** Taken only from there. */
  readonly from: PlaceState;
  readonly said: object;
};

async function step({ as, signal }: People, { id, by }: Reading, { name, from, said }: Step): Promise<void> {
  const api = as(by);
  const mine = (await show(api, id, signal)).places.find(({ isMine }) => isMine);
  if (mine?.state !== from) return;
  const { place, version } = mine;
  const body = { id: idFrom(id, `${name} ${by} ${version}`), place, version, ...said };
  await api.json(`/reviews/${id}/${name}`, reviewSchema, { body, signal });
}

const show = (api: ApiClient, id: string, signal: AbortSignal): Promise<Review> =>
  api.json(`/reviews/${id}`, reviewSchema, { signal });

/** The same each time: a UUID of version 8 (RFC 9562 §5.8). */
function idFrom(...words: readonly string[]): string {
  const hex = createHash('sha256').update(words.join(' ')).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
