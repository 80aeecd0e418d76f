/** Searches, filters, sorts and groups the list of studies. Pure. */
import { formatDicomDate, formatMoment } from '../kit/format.ts';
import { namesHidden } from '../kit/identities.ts';
import { QUEUE_PARTS, type QueuePart } from '../pipeline/queue/track-of.ts';
import type { DayEntry } from './day-entry.ts';
import { isAllInPacs, sendsOf } from './join-sends.ts';
import type { Choice, Names, Period, Shown, Sort } from './list-choice.ts';
import { readDays } from './read-days.ts';
import { whereOf } from './where-of.ts';

type Heading =
  | { readonly by: 'part'; readonly part: QueuePart }
  | { readonly by: 'patient'; readonly name: string; readonly person: readonly string[] }
  /** The rows need no heading, or their patients are unknown. */
  | { readonly by: 'nothing' };

export interface Section {
  readonly key: string;
  readonly heading: Heading;
  readonly entries: readonly DayEntry[];
}

/** The sections of the list in order, without empty ones. */
export function chooseEntries(entries: readonly DayEntry[], choice: Choice, now: Date): readonly Section[] {
  const readings = readingsOf(choice.text, now);
  const kinds = kindsOf(entries);
  const found = entries.filter(
    (entry) =>
      isShown(entry, choice.shown) &&
      sendsOf(entry).some(({ at }) => isWithin(at, choice.period, now)) &&
      hasNames(entry, choice.names) &&
      readings.some((reading) => sendsOf(entry).some((send) => isMeant(send, reading, kinds, now))),
  );
  if (choice.byPatient) return byPatient(sorted(found, choice.sort));
  if (choice.sort === 'place') return byPart(found);
  return found.length === 0
    ? []
    : [{ key: 'all', heading: { by: 'nothing' }, entries: sorted(found, choice.sort) }];
}

export const countIn = (sections: readonly Section[]): number =>
  sections.reduce((sum, { entries }) => sum + entries.length, 0);

/** Words to match, and the days on which the study may lie; null: any day. */
type Reading = {
  readonly words: readonly string[];
  readonly days: readonly number[] | null;
  /** The words may be a name. Only its initials may be stored. */
  readonly mayBeName: boolean;
};

/** The text as typed and, if it contains a date, also that day together with the remaining words. */
function readingsOf(text: string, now: Date): readonly Reading[] {
  const { days, rest } = readDays(text, now);
  if (days.length === 0) return [{ words: wordsOf(text), days: null, mayBeName: true }];
  // As one piece, because "22" of a date occurs in many ids.
  const asItIs: Reading = { words: [plain(text.trim())], days: null, mayBeName: false };
  return [asItIs, { words: wordsOf(rest), days, mayBeName: true }];
}

function isMeant(entry: DayEntry, reading: Reading, kinds: ReadonlySet<string>, now: Date): boolean {
  const { words, days, mayBeName } = reading;
  if (days !== null && !days.some((day) => isOfDay(entry, day))) return false;
  return (
    words.length === 0 ||
    holds(entry, words, now) ||
    isSaid(entry, words.join(' ')) ||
    (mayBeName && mayBe(entry, words, kinds))
  );
}

/** A shorter text may be the beginning of a name. */
const SHORTEST_STATE = 4;

/** The text is what the row says about where the study is, or its beginning. */
const isSaid = (entry: DayEntry, text: string): boolean =>
  text.length >= SHORTEST_STATE && plain(whereOf(entry).said).startsWith(text);

/** Whether the study was sent, ended or acquired on that day. */
function isOfDay({ at, study }: DayEntry, day: number): boolean {
  const taken = /^(\d{4})(\d{2})(\d{2})$/.exec(study?.title?.studyDate ?? '');
  return (
    dayOf(new Date(at)) === day ||
    (study !== null && dayOf(new Date(study.queuedAt)) === day) ||
    (study !== null && study.completedAt !== null && dayOf(new Date(study.completedAt)) === day) ||
    (taken !== null && new Date(+taken[1]!, +taken[2]! - 1, +taken[3]!).getTime() === day)
  );
}

/** The kinds (CT, MR …), normalised once instead of for every study. */
function kindsOf(entries: readonly DayEntry[]): ReadonlySet<string> {
  return new Set([...new Set(entries.flatMap(({ modalities }) => modalities))].map(plain));
}

/** Studies that a person removed from the list and that match this choice. */
export function removedAmong(entries: readonly DayEntry[], choice: Choice, now: Date): readonly DayEntry[] {
  return chooseEntries(entries, { ...choice, shown: 'removed' }, now).flatMap((section) => section.entries);
}

function isShown(entry: DayEntry, shown: Shown): boolean {
  const { part, removed } = entry;
  if (shown === 'removed' || removed) return removed && shown === 'removed';
  // A study that arrived with a part left out is found under both.
  const isWhole = part === 'arrived' && isAllInPacs(entry);
  if (shown === 'incomplete') return !isWhole;
  const isLeftOut = shown === 'left-out' && part === 'arrived' && !isWhole;
  return shown === 'all' || part === shown || isLeftOut;
}

/** Always true for the person's own studies, for which this filter is not offered. */
function hasNames({ senders }: DayEntry, names: Names): boolean {
  if (names === 'any' || senders.length === 0) return true;
  return senders.some(({ keptNames }) => keptNames) === (names === 'kept');
}

/**
 * Whether a match rests on a local label, which other patients may share. A receipt, a pseudonym or a UID identifies a
 * single study.
 */
export function isFoundByLabel(sections: readonly Section[], { text }: Choice): boolean {
  const words = wordsOf(text);
  if (words.length === 0 || namesHidden.value) return false;
  return sections.some(({ entries }) =>
    entries.some(
      (entry) =>
        entry.study !== null &&
        entry.study.title === null &&
        entry.study.label !== null &&
        !words.every((word) => sendsOf(entry).some((send) => isNumberOf(send, word))),
    ),
  );
}

/** From this length on, a part of a receipt id or UID does not match another one by chance. */
const NUMBER_LENGTH = 8;

function isNumberOf({ study, sent, studyInstanceUID }: DayEntry, word: string): boolean {
  const uploads = sent?.uploads.flatMap(({ uploadId, receipt }) => [uploadId, receipt?.id]) ?? [];
  const numbers = [studyInstanceUID, study?.receiptId, sent?.pseudonym, ...uploads];
  return word.length >= NUMBER_LENGTH && numbers.some((number) => number && plain(number).includes(word));
}

/** Midnight in this device's time zone. */
function dayOf(date: Date, before = 0): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() - before).getTime();
}

function isWithin(at: number, period: Period, now: Date): boolean {
  switch (period) {
    case 'any':
      return true;
    case 'today':
      return at >= dayOf(now);
    case 'yesterday':
      return at >= dayOf(now, 1) && at < dayOf(now);
    case 'week':
      return at >= dayOf(now, 7);
    default:
      return period satisfies never;
  }
}

/** Removes accents and case, so that "muller" finds "Müller". */
function plain(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}

const wordsOf = (text: string): readonly string[] =>
  plain(text)
    .split(/[\s,^]+/)
    .filter(Boolean);

function holds(entry: DayEntry, words: readonly string[], now: Date): boolean {
  const text = textOf(entry, now);
  return words.every(
    (word) => text.includes(word) || (isLikeUid(word) && entry.studyInstanceUID?.includes(word)),
  );
}

/** A few digits occur in almost every UID, so the person means a name, an ID or a date. */
const isLikeUid = (word: string): boolean =>
  /^[0-9.]+$/.test(word) && (word.includes('.') || word.length >= 8);

/**
 * Whether a study whose title was erased may match. Only its label is left: initials and the end of the Patient ID.
 * Each typed name may match one initial, and a typed ID only the end. A word with a digit is not a name, and neither
 * are `kinds` of studies (CT, MR).
 */
function mayBe({ study }: DayEntry, words: readonly string[], kinds: ReadonlySet<string>): boolean {
  if (!study || study.title !== null || study.label === null || namesHidden.value) return false;
  const [initials, last] = study.label.split('…').map(plain);
  const left = (initials ?? '').split(/[\s.]+/).filter(Boolean);
  return words.every((word) => {
    if (last && word.length > last.length && word.endsWith(last)) return true;
    const at =
      kinds.has(word) || !/^\p{L}{2}\P{N}*$/u.test(word)
        ? -1
        : left.findIndex((each) => word.startsWith(each));
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  });
}

const texts = new WeakMap<DayEntry, string>();

/**
 * All text by which a person may remember a study, built once per entry because each typed letter searches all of them.
 * Entries are new on the next day, and whenever names are hidden or shown.
 */
function textOf(entry: DayEntry, now: Date): string {
  const text = texts.get(entry) ?? joinText(entry, now);
  texts.set(entry, text);
  return text;
}

function joinText(entry: DayEntry, now: Date): string {
  const { study, sent, name, person, about, foundBy, modalities, senders, at } = entry;
  const title = study?.title;
  const parts = [
    name,
    // The time in the words of the row, which the study keeps when its name becomes known.
    formatMoment(new Date(at), now),
    ...(namesHidden.value ? [] : hideableOf(entry)),
    ...person,
    ...about,
    ...foundBy,
    ...modalities,
    title?.studyDate,
    formatDicomDate(title?.studyDate),
    ...(title?.bodyParts ?? []),
    study?.receiptId,
    sent?.pseudonym,
    ...senders.map(({ username }) => username),
    ...(sent?.uploads.flatMap(({ uploadId, receipt, device }) => [uploadId, receipt?.id, device]) ?? []),
  ];
  return plain(parts.filter((part) => part !== null && part !== undefined).join('\n'));
}

/** A row found by these texts would reveal the patient while names are hidden. */
function hideableOf({ study }: DayEntry): readonly (string | null | undefined)[] {
  const { title, label } = study ?? {};
  return [label, ...initialsOf(label), title?.description, title?.accessionNumber];
}

/** Initials as people type them: "U.B." and "UB" for "U. B. …345". */
function initialsOf(label: string | null | undefined): readonly string[] {
  const close = label?.split('…')[0]?.replace(/\s/g, '') ?? '';
  return [close, close.replaceAll('.', '')];
}

const newestFirst = (a: DayEntry, b: DayEntry): number => b.at - a.at;

function sorted(entries: readonly DayEntry[], sort: Sort): readonly DayEntry[] {
  switch (sort) {
    case 'place':
      return byPart(entries).flatMap((section) => section.entries);
    case 'newest':
      return entries.toSorted(newestFirst);
    case 'oldest':
      return entries.toSorted((a, b) => a.at - b.at);
    case 'name':
      return entries.toSorted((a, b) => names.compare(a.name, b.name) || newestFirst(a, b));
    default:
      return sort satisfies never;
  }
}

const names = new Intl.Collator(undefined, { numeric: true });

/** Groups by part. Studies under way keep the order of the queue, in which they are sent. */
function byPart(entries: readonly DayEntry[]): readonly Section[] {
  const parts = Map.groupBy(entries, ({ part }) => part);
  return QUEUE_PARTS.flatMap((part) => {
    const own = parts.get(part) ?? [];
    if (own.length === 0) return [];
    const isOver = part === 'arrived' || part === 'taken-back';
    const ordered = isOver ? own.toSorted((a, b) => endOf(b) - endOf(a)) : own;
    return [{ key: part, heading: { by: 'part', part }, entries: ordered }];
  });
}

const endOf = ({ study, at }: DayEntry): number => study?.completedAt ?? at;

/**
 * Groups by patient, in the order of each patient's first study. Studies without a known patient come last, together.
 */
function byPatient(entries: readonly DayEntry[]): readonly Section[] {
  const groups = Map.groupBy(entries, patientOf);
  const unknown = groups.get('') ?? [];
  groups.delete('');
  const known = [...groups].map(([patient, own]): Section => {
    const { name, person } = own[0]!;
    return { key: `patient ${patient}`, heading: { by: 'patient', name, person }, entries: own };
  });
  return unknown.length === 0
    ? known
    : [...known, { key: 'unknown', heading: { by: 'nothing' }, entries: unknown }];
}

/**
 * Identifies the patient. Two people with the same name have different IDs; of an erased title only the label is left.
 */
export function patientOf({ study, sent }: DayEntry): string {
  const { title, label } = study ?? {};
  if (title) return JSON.stringify([title.patientName, title.patientId, title.patientBirthDate]);
  if (label) return `label ${label}`;
  const patient = sent?.patient;
  return patient ? JSON.stringify([patient.patientName, patient.patientId, patient.birthDate]) : '';
}
