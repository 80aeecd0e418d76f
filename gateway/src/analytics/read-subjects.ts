/**
 * Reads the reviews whose readers have all signed. Reviews that are equal in everything that is compared are one
 * subject.
 */
import { setImmediate } from 'node:timers/promises';
import type { Answers } from '#shared/protocol/review-forms.ts';
import type { Db } from '../database/database.ts';
import type { Asking } from './asked.ts';
import { ALL_DAYS, countChangedDays, readDays } from './kept-days.ts';
import { reviewDays, type ReviewFacts } from './review-days.ts';

/** `answers` null: the reader could not judge the case. */
export type Reading = { readonly isOwn: boolean; readonly answers: Answers | null };
export type Said = { readonly model: string; readonly positive: boolean };
/** `readings` are in the order of their places. */
export type Subject = {
  readonly type: string;
  readonly version: number;
  readonly readings: readonly Reading[];
  readonly said: readonly Said[];
  readonly count: number;
};

type Gathered = {
  /** Types, answers and other texts, each parsed once. */
  readonly known: Map<string, { readonly at: number; readonly value: unknown }>;
  /** By a key made of everything that is compared. */
  readonly subjects: Map<string, Omit<Subject, 'count'> & { count: number }>;
  /** The account whose readings are marked as its own; null: none is. */
  readonly own: string | null;
};
/** After this many days other work gets its turn. */
const DAYS_A_TURN = 16;

/** Returns subjects by type and version. `own`: the readings of this account are marked. */
export async function readSubjects(
  db: Db,
  { id, siteId }: Pick<Asking, 'id' | 'siteId'>,
  own: boolean,
): Promise<readonly Subject[]> {
  const kept = { of: reviewDays, siteId };
  await countChangedDays(db, kept);
  const gathered: Gathered = { known: new Map(), subjects: new Map(), own: own ? id : null };
  for (const [nth, { facts }] of (await readDays<ReviewFacts>(db, kept, ALL_DAYS)).entries()) {
    if (nth % DAYS_A_TURN === 0) await setImmediate();
    addDay(gathered, facts);
  }
  return [...gathered.subjects.values()].sort((one, other) =>
    one.type === other.type ? one.version - other.version : one.type < other.type ? -1 : 1,
  );
}

function addDay({ known, subjects, own }: Gathered, facts: ReviewFacts): void {
  const of = (texts: readonly string[], parse: (text: string) => unknown) =>
    texts.map((text) => {
      const found = known.get(text) ?? { at: known.size, value: parse(text) };
      known.set(text, found);
      return found;
    });
  const types = of(facts.types, typeOf);
  const said = of(facts.said, JSON.parse);
  const answers = of(facts.answers, JSON.parse);
  const isOwn = facts.readers.map((reader) => reader === own);
  const { review, typeAt, saidAt, readerAt, answersAt } = facts;
  for (let from = 0, to = 0; from < review.length; from = to) {
    let key = `${types[typeAt[from]!]!.at} ${said[saidAt[from]!]!.at}`;
    for (to = from; to < review.length && review[to] === review[from]; to += 1)
      key += `${isOwn[readerAt[to]!]! ? '!' : ' '}${answers[answersAt[to]!]!.at}`;
    const subject = subjects.get(key);
    if (subject !== undefined) {
      subject.count += 1;
      continue;
    }
    const readings = Array.from({ length: to - from }, (_, place) => ({
      isOwn: isOwn[readerAt[from + place]!]!,
      answers: answers[answersAt[from + place]!]!.value as Answers | null,
    }));
    const type = types[typeAt[from]!]!.value as Pick<Subject, 'type' | 'version'>;
    subjects.set(key, { ...type, readings, said: said[saidAt[from]!]!.value as Said[], count: 1 });
  }
}

function typeOf(text: string): Pick<Subject, 'type' | 'version'> {
  const at = text.lastIndexOf(' ');
  return { type: text.slice(0, at), version: Number(text.slice(at + 1)) };
}
