/** Searches, filters, sorts and groups the day's list. Pure. */
import type { User } from '#shared/protocol/api.ts';
import { formatDicomDate, formatMoment } from '../kit/format.ts';
import { namesHidden } from '../kit/identities.ts';
import { comesToRead } from '../pipeline/queue/comes-to-read.ts';
import { QUEUE_PARTS, type QueuePart } from '../pipeline/queue/track-of.ts';
import type { DayEntry } from './day-entry.ts';
import { isAllInPacs, sendsOf } from './join-sends.ts';
import { readDays } from './read-days.ts';
import type { WhoseStudies } from './sent-studies.store.ts';

/** `incomplete`: something of the study is not in the PACS, wherever it is. */
export const SHOWN = ['all', 'incomplete', ...QUEUE_PARTS, 'removed'] as const;
export type Shown = (typeof SHOWN)[number];
export const PERIODS = ['any', 'today', 'yesterday', 'week'] as const;
export type Period = (typeof PERIODS)[number];
/** The choice of people who watch a site: whether a study's sender kept the patient's name, in any upload. */
export const NAMES = ['any', 'kept', 'removed'] as const;
export type Names = (typeof NAMES)[number];
/** `place`: what needs a person first, then the sending order, then what arrived, newest first. */
export const SORTS = ['place', 'newest', 'oldest', 'name'] as const;
export type Sort = (typeof SORTS)[number];

export const WHOSE: readonly WhoseStudies[] = ['own', 'of-the-site'];

export interface Choice {
  readonly whose: WhoseStudies;
  readonly text: string;
  readonly shown: Shown;
  readonly period: Period;
  readonly names: Names;
  readonly sort: Sort;
  readonly byPatient: boolean;
}

export const EVERYTHING: Choice = {
  whose: 'own',
  text: '',
  shown: 'all',
  period: 'any',
  names: 'any',
  sort: 'place',
  byPatient: false,
};

/** The first thing to see of the whole site; the filters show it, and widen it. */
export const ARRIVED_TODAY: Choice = { ...EVERYTHING, whose: 'of-the-site', period: 'today', sort: 'newest' };

/** Before a person has chosen. */
export const firstChoice = (user: Pick<User, 'roles'> | null): Choice =>
  user !== null && comesToRead(user) ? ARRIVED_TODAY : EVERYTHING;

/** Fewer than all studies may be in the list. */
export function isNarrowed({ text, shown, period, names }: Choice): boolean {
  return text.trim() !== '' || shown !== 'all' || period !== 'any' || names !== 'any';
}

type Heading =
  | { readonly by: 'part'; readonly part: QueuePart }
  | { readonly by: 'patient'; readonly name: string; readonly person: readonly string[] }
  /** The rows need no heading, or nothing is known of their patients. */
  | { readonly by: 'nothing' };

export interface Section {
  readonly key: string;
  readonly heading: Heading;
  readonly entries: readonly DayEntry[];
}

/** The sections of the list in their order; none is empty. */
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

/** Words to be found, and days of one of which the study has to be; null: of any. */
type Reading = {
  readonly words: readonly string[];
  readonly days: readonly number[] | null;
  /** The words may be a name, of which only the initials are left. */
  readonly mayBeName: boolean;
};

/** The text as it is; and where it holds a date, also as that day and the words beside it. */
function readingsOf(text: string, now: Date): readonly Reading[] {
  const { days, rest } = readDays(text, now);
  if (days.length === 0) return [{ words: wordsOf(text), days: null, mayBeName: true }];
  // In one piece: "22" of a date is in many ids.
  const asItIs: Reading = { words: [plain(text.trim())], days: null, mayBeName: false };
  return [asItIs, { words: wordsOf(rest), days, mayBeName: true }];
}

function isMeant(entry: DayEntry, reading: Reading, kinds: ReadonlySet<string>, now: Date): boolean {
  const { words, days, mayBeName } = reading;
  if (days !== null && !days.some((day) => isOfDay(entry, day))) return false;
  return words.length === 0 || holds(entry, words, now) || (mayBeName && mayBe(entry, words, kinds));
}

/** Whether the study was sent, ended or taken on that day. */
function isOfDay({ at, study }: DayEntry, day: number): boolean {
  const taken = /^(\d{4})(\d{2})(\d{2})$/.exec(study?.title?.studyDate ?? '');
  return (
    dayOf(new Date(at)) === day ||
    (study !== null && dayOf(new Date(study.queuedAt)) === day) ||
    (study !== null && study.completedAt !== null && dayOf(new Date(study.completedAt)) === day) ||
    (taken !== null && new Date(+taken[1]!, +taken[2]! - 1, +taken[3]!).getTime() === day)
  );
}

/** CT, MR …: made plain once each, not once for every study. */
function kindsOf(entries: readonly DayEntry[]): ReadonlySet<string> {
  return new Set([...new Set(entries.flatMap(({ modalities }) => modalities))].map(plain));
}

/** Studies that a person removed from the list, as far as this choice finds them. */
export function removedAmong(entries: readonly DayEntry[], choice: Choice, now: Date): readonly DayEntry[] {
  return chooseEntries(entries, { ...choice, shown: 'removed' }, now).flatMap((section) => section.entries);
}

function isShown(entry: DayEntry, shown: Shown): boolean {
  const { part, removed } = entry;
  if (shown === 'removed' || removed) return removed && shown === 'removed';
  // A study of which a part was left out has arrived too, and is found under both.
  const isWhole = part === 'arrived' && isAllInPacs(entry);
  if (shown === 'incomplete') return !isWhole;
  const isLeftOut = shown === 'left-out' && part === 'arrived' && !isWhole;
  return shown === 'all' || part === shown || isLeftOut;
}

/** True of one's own studies, of which the filter is not offered. */
function hasNames({ senders }: DayEntry, names: Names): boolean {
  if (names === 'any' || senders.length === 0) return true;
  return senders.some(({ keptNames }) => keptNames) === (names === 'kept');
}

/**
 * Of one of the found studies only the label is left, which other patients may share. A receipt, a pseudonym, or a UID
 * names one study, and nobody else's.
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

/** So much of a receipt or a UID is not in another by chance. */
const NUMBER_LENGTH = 8;

function isNumberOf({ study, sent, studyInstanceUID }: DayEntry, word: string): boolean {
  const uploads = sent?.uploads.flatMap(({ uploadId, receipt }) => [uploadId, receipt?.id]) ?? [];
  const numbers = [studyInstanceUID, study?.receiptId, sent?.pseudonym, ...uploads];
  return word.length >= NUMBER_LENGTH && numbers.some((number) => number && plain(number).includes(word));
}

/** Midnight of this device. */
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

/** Without accents and case: "Müller" is found by "muller". */
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

/** A few digits are somewhere in almost every UID: the person means a name, an ID or a date. */
const isLikeUid = (word: string): boolean =>
  /^[0-9.]+$/.test(word) && (word.includes('.') || word.length >= 8);

/**
 * Of a study whose title was erased the label is left: initials and the end of the ID. A typed name may be meant by an
 * initial, each by another one, and a typed ID by its end alone: a word with a digit is no name. `kinds` of studies
 * (CT, MR) are not names.
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
 * Everything by which a person may remember a study, made once: each typed letter looks through all of them. On the
 * next day, and as names are hidden or shown, the entries are new ones.
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
    // The moment as the row says it: a study keeps it when its name becomes known.
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

/** A row that is found by these would say whose it is while names are hidden. */
function hideableOf({ study }: DayEntry): readonly (string | null | undefined)[] {
  const { title, label } = study ?? {};
  return [label, ...initialsOf(label), title?.description, title?.accessionNumber];
}

/** Initials as people type them: "U.B." and "UB" of "U. B. …345". */
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

/** Studies under way are in the order in which they are sent, which is the order of the queue. */
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

/** In the order of their first study; studies of which no patient is known come last, together. */
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

/** Two people of one name have different IDs; of an erased title only the label is left. */
export function patientOf({ study, sent }: DayEntry): string {
  const { title, label } = study ?? {};
  if (title) return JSON.stringify([title.patientName, title.patientId, title.patientBirthDate]);
  if (label) return `label ${label}`;
  const patient = sent?.patient;
  return patient ? JSON.stringify([patient.patientName, patient.patientId, patient.birthDate]) : '';
}
