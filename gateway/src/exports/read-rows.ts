/**
 * Reads the cases of an export by number, page by page, each with only what the fields need: nothing else is decrypted,
 * and the PACS is asked only if the export has patient fields. An account reads what its screens show it.
 */
import type { ExportField } from '#shared/protocol/exports.ts';
import { shownAttachments } from '../cases/attachments.ts';
import type { CaseTools } from '../cases/case-tools.ts';
import { notesOf, type CaseRow } from '../cases/case.store.ts';
import { placeOfNote } from '../cases/change-case.ts';
import { listCases, type CaseQuery, type CaseQuestion } from '../cases/list-cases.ts';
import { listStudyRows, patientsIn } from '../cases/read-patients.ts';
import { showCases, type Shown } from '../cases/show-cases.ts';
import type { DescribedStudy } from '../ports/pacs/pacs.ts';
import { hiddenInstances } from '../findings/blinding.ts';
import { settledReviewsOf } from '../reviews/list-reviews.ts';
import { showReviews } from '../reviews/show-reviews.ts';
import { imagesOf, type CaseImages } from './case-images.ts';
import { CELLS, type CaseFacts, type SettledReview } from './export-cells.ts';
import { resultsOf } from './exported-results.ts';
import type { Identity } from './anonymous/identity-texts.ts';
import { FIELDS_OF_SUBJECT, identityOf, textsIn } from './anonymous/read-subject.ts';
import { NO_PICTURES, type CaseFiles, type Cell, type SourceRow } from './source-row.ts';

const PAGE = 100;
/** The number of cases of a page whose patients the PACS is asked for in parallel. */
const ASKED_AT_ONCE = 4;

type Reading = {
  readonly shown: Shown;
  readonly question: CaseQuestion;
  readonly fields: readonly ExportField[];
  readonly hasPictures: boolean;
  readonly hasFiles: boolean;
};

/** The fields that need more than the list of cases. */
const OF_PATIENT: readonly ExportField[] = [
  ...(['patientName', 'patientId', 'birthDate', 'ageBand', 'sex'] as const),
  ...(['accessionNumbers', 'studyDates', 'month', 'descriptions'] as const),
];
const OF_RESULTS: readonly ExportField[] = [
  ...(['bodyParts', 'models', 'modelVersions', 'scores', 'positives', 'resultTimes'] as const),
  ...(['verdicts', 'correctedFindings', 'decisions'] as const),
];
const OF_REVIEWS: readonly ExportField[] = [
  ...(['reviewTypes', 'decisions', 'answers', 'reasons', 'readers', 'readerRoles', 'settledAt'] as const),
];

/** @throws Problem pacs-unreachable. */
export async function* readRows(tools: CaseTools, reading: Reading): AsyncGenerator<SourceRow> {
  const { shown, question, fields } = reading;
  const site = await siteName(tools, shown);
  for (let after: CaseQuery['after']; ; ) {
    const query: CaseQuery = { ...question, sort: 'oldest', limit: PAGE, after };
    const { rows, more } = await listCases(tools.db, shown.reader, query);
    const cells = (facts: CaseFacts): [ExportField, Cell][] =>
      fields.map((field) => [field, CELLS[field](facts)]);
    for await (const { pictures, ...facts } of factsOf(tools, reading, rows)) {
      const studies = facts.shown.studies.map(({ studyInstanceUID }) => studyInstanceUID);
      const files = reading.hasFiles
        ? filesOf({ ...facts, site }, await hiddenInstances(tools.db, shown.reader, studies))
        : null;
      yield Object.assign(new Map(cells({ ...facts, site })), {
        ...{ pictures, files, studies, several: facts.several },
        number: facts.shown.number,
      });
    }
    if (!more) return;
    after = { value: '', number: rows.at(-1)!.number };
  }
}

/**
 * Names of people who work on a case are left out: no instance contains them, and they may be words with other
 * meanings.
 */
function filesOf(facts: CaseFacts, hidden: CaseFiles['hidden']): CaseFiles {
  const { id, pseudonym, studies } = facts.shown;
  const { several } = facts;
  const read = new Map(FIELDS_OF_SUBJECT.map((field) => [field, CELLS[field](facts)]));
  const about = identityOf(Object.assign(read, { several }));
  const identity = { ...about, names: [...textsIn(CELLS.patientName(facts)), ...several.names] };
  const uids = studies.map(({ studyInstanceUID }) => studyInstanceUID);
  return { person: pseudonym ?? id, studies: uids, hidden, identity };
}

async function* factsOf(
  tools: CaseTools,
  { shown, fields, hasPictures, hasFiles }: Reading,
  rows: readonly CaseRow[],
): AsyncGenerator<Omit<CaseFacts, 'site'> & { readonly pictures: CaseImages }> {
  const has = (asked: readonly ExportField[]): boolean => asked.some((field) => fields.includes(field));
  const cases = await showCases(tools, shown, rows);
  const results = has(OF_RESULTS) ? await resultsOf(tools.db, cases) : new Map();
  const reviews = has(OF_REVIEWS) ? await reviewsOf(tools, shown, rows) : new Map();
  const pictures = hasPictures ? await imagesOf(tools, shown, rows, cases) : new Map();
  for (let from = 0; from < cases.length; from += ASKED_AT_ONCE) {
    const some = cases.slice(from, from + ASKED_AT_ONCE);
    const patients = await Promise.all(
      some.map(async ({ studies }) => {
        const asked = hasFiles || has(OF_PATIENT) ? studies : [];
        const uids = asked.map(({ studyInstanceUID }) => studyInstanceUID);
        const listed = await listStudyRows(tools, uids);
        return { patients: patientsIn(uids, listed), several: severalIn(listed) };
      }),
    );
    for (const [at, one] of some.entries()) {
      const row = rows[from + at]!;
      yield {
        shown: one,
        ...patients[at]!,
        pictures: pictures.get(one.id) ?? NO_PICTURES,
        results: results.get(one.id) ?? [],
        reviews: reviews.get(one.id) ?? [],
        notes: has(['notes']) ? await openNotes(tools, shown, row) : [],
        attachments: has(['attachments']) ? await namesOfAttachments(tools, shown, row) : [],
      };
    }
  }
}

/** The identities of studies that the PACS lists in several rows. Each of them may appear in a file. */
function severalIn(listed: readonly (readonly DescribedStudy[])[]): Identity {
  const rows = listed.filter((own) => own.length > 1).flat();
  const texts = (...keys: readonly (keyof DescribedStudy)[]): string[] =>
    rows.flatMap((row) => keys.flatMap((key) => row[key] ?? []));
  return {
    names: texts('patientName'),
    numbers: texts('patientId', 'accessionNumber'),
    birthDates: texts('birthDate'),
    uids: [],
  };
}

async function siteName({ db }: CaseTools, { reader }: Shown): Promise<string> {
  const row = await db.selectFrom('site').select('name').where('id', '=', reader.siteId).executeTakeFirst();
  return row?.name ?? '';
}

/** Settled reviews by case. Until a review is settled, its readers are blinded to each other. */
async function reviewsOf(
  tools: CaseTools,
  { reader, withheld }: Shown,
  rows: readonly CaseRow[],
): Promise<ReadonlyMap<string, SettledReview[]>> {
  const ids = rows.map(({ id }) => id);
  const found = await settledReviewsOf(tools.db, reader, ids);
  const viewer = { ...reader, isAnonymous: withheld.includes('notes') };
  const rowsOf = new Map(found.map(({ review }) => [review.id, review]));
  const settled = (await showReviews(tools, viewer, found)).flatMap((review) => {
    const { final_place, hides_finding: hidesFinding } = rowsOf.get(review.id)!;
    const final = review.places.find(({ place }) => place === final_place);
    return final === undefined ? [] : [{ review, final, hidesFinding }];
  });
  return Map.groupBy(settled, ({ review }) => review.caseId);
}

async function openNotes(
  { db, seal }: CaseTools,
  { reader }: Shown,
  { id, wrapped_key }: CaseRow,
): Promise<string[]> {
  const cipher = seal.cipherOf(id, wrapped_key);
  const notes = await notesOf(db, reader, id);
  const shown = notes.filter(({ isHidden }) => !isHidden);
  const texts = shown.flatMap(
    (note) => cipher?.open(placeOfNote(note.id), note.sealed)?.toString('utf8') ?? [],
  );
  return [...texts, ...hiddenIn(notes.length - shown.length)];
}

async function namesOfAttachments(tools: CaseTools, { reader }: Shown, row: CaseRow): Promise<string[]> {
  const { attachments, hidden } = await shownAttachments(tools, reader, row);
  return [...attachments.flatMap(({ name }) => name ?? []), ...hiddenIn(hidden)];
}

/** A file that lacks what other readers wrote says that it does. */
const hiddenIn = (count: number): string[] =>
  count === 0 ? [] : [`(${count} more of other readers: hidden until you have signed)`];
