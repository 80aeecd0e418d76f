/** The list itself: sections with headings, and one row per study, of which only the visible ones are drawn. */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ShowNames } from '../kit/HideNames.tsx';
import { Icon } from '../kit/Icon.tsx';
import { kitWords } from '../kit/kit-words.ts';
import { VirtualList } from '../kit/VirtualList.tsx';
import { useQueue } from '../pipeline/queue/queue-context.ts';
import { sumOf } from '../pipeline/queue/count-reasons.ts';
import { EmptyQueue } from '../pipeline/queue/QueueNotices.tsx';
import type { QueuePart } from '../pipeline/queue/track-of.ts';
import { countIn, isFoundByLabel, patientOf, type Section } from './choose-entries.ts';
import { EVERYTHING, isNarrowed } from './list-choice.ts';
import { isWatched, type DayEntry } from './day-entry.ts';
import { goesFirst } from '../pipeline/queue/track-of.ts';
import { DayRow } from './DayRow.tsx';
import { studiesOf } from './join-sends.ts';
import type { SentStudiesStore } from './sent-studies.store.ts';
import { standingOf, type SearchStanding } from './search-standing.ts';
import { useDayList } from './studies-context.ts';
import { studiesWords as words } from './studies-words.ts';
import { dismissAll } from './Undo.tsx';
import { whyNone } from './why-none.ts';

/** Height of a row that has not been drawn yet, in px. */
const ROW = 61;
/** The most unfinished studies shown expanded. More would push each other off the screen. */
const OPEN_LIMIT = 3;

type Line =
  /** `alone`: the only section; its heading is read by screen readers but not shown. */
  | { readonly kind: 'heading'; readonly section: Section; readonly alone: boolean }
  | { readonly kind: 'row'; readonly entry: DayEntry; readonly opens: boolean }
  | { readonly kind: 'more' };

type DaySectionsProps = {
  readonly entries: readonly DayEntry[];
  /** The entries that match the person's choice, in sections. */
  readonly sections: readonly Section[];
  readonly sent: SentStudiesStore;
};

type NoneFoundProps = {
  readonly entries: readonly DayEntry[];
  readonly sent: SentStudiesStore;
  readonly standing: SearchStanding;
};

function NoneFound({ entries, sent, standing }: NoneFoundProps) {
  const list = useDayList();
  const answer = sent.answer.value;
  const showAll = () => (list.choice.value = { ...EVERYTHING, whose: list.choice.value.whose });
  return (
    <div class="queue-empty">
      {standing === 'here' && answer.state === 'known' && <p class="strong">{words.none(answer)}</p>}
      {standing === 'hidden' && <ShowNames />}
      {list.choice.value.text.trim() !== '' &&
        whyNone(entries, sent).map((said) => (
          <p key={said} class="quiet">
            {said}
          </p>
        ))}
      <button type="button" class="button" onClick={showAll}>
        {words.clear}
      </button>
    </div>
  );
}

export function DaySections({ entries, sections, sent }: DaySectionsProps) {
  const choice = useDayList().choice.value;
  const answer = sent.answer.value;
  const [lineOf] = useState(createLines);
  const found = countIn(sections);
  const isByLabel = isFoundByLabel(sections, choice);
  const standing = standingOf(sent, choice.text.trim(), found);
  const counted = isNarrowed(choice) && (found > 0 || standing === 'here') ? words.found(found) : '';
  return (
    <>
      <p class="unseen" role="status">
        {isByLabel ? words.mayBe(found) : counted}
      </p>
      {isByLabel && (
        <p class="small">
          <Icon name="caution" size={16} /> <strong>{words.mayBe(found)}</strong> {words.byInitials}
        </p>
      )}
      {found === 0 && !isNarrowed(choice) && (
        <EmptyQueue known={answer.state === 'known' ? answer : null} ofSite={sent.whose === 'of-the-site'} />
      )}
      {found === 0 && isNarrowed(choice) && <NoneFound entries={entries} sent={sent} standing={standing} />}
      <VirtualList
        items={linesOf(sections, entries, { hasMore: sent.hasMore.value, lineOf })}
        keyOf={keyOf}
        estimate={ROW}
        label={words.list}
        class="queue-list"
        render={(line) => drawLine(line, sent)}
      />
    </>
  );
}

type LineOf = (entry: DayEntry, opens: boolean) => Line;

/** Returns the same line object for the same entry, so that a row found again by a search is not redrawn. */
function createLines(): LineOf {
  const open = new WeakMap<DayEntry, Line>();
  const closed = new WeakMap<DayEntry, Line>();
  return (entry, opens) => {
    const known = opens ? open : closed;
    const line = known.get(entry) ?? { kind: 'row', entry, opens };
    known.set(entry, line);
    return line;
  };
}

function linesOf(
  sections: readonly Section[],
  all: readonly DayEntry[],
  { hasMore, lineOf }: { readonly hasMore: boolean; readonly lineOf: LineOf },
): readonly Line[] {
  const isUnfinished = ({ part, study }: DayEntry) =>
    part === 'under-way' || part === 'needs-you' || study?.cancelling === true;
  const opensAll = all.filter(isUnfinished).length <= OPEN_LIMIT;
  const newest = newestOfPatients(all);
  const isNewest = (entry: DayEntry) => (newest.get(patientOf(entry)) ?? entry) === entry;
  const lines = sections.flatMap((section): Line[] => [
    { kind: 'heading', section, alone: section.heading.by === 'nothing' && sections.length === 1 },
    ...section.entries.map((entry) =>
      lineOf(entry, isUnfinished(entry) && ((opensAll && isNewest(entry)) || saysMore(entry))),
    ),
  ]);
  return hasMore ? [...lines, { kind: 'more' }] : lines;
}

/** Only the newest study of a patient is expanded, because older ones would push the one just sent off the screen. */
function newestOfPatients(all: readonly DayEntry[]): ReadonlyMap<string, DayEntry> {
  const newest = new Map<string, DayEntry>();
  for (const entry of all) {
    const patient = patientOf(entry);
    if (patient !== '' && entry.at >= (newest.get(patient)?.at ?? 0)) newest.set(patient, entry);
  }
  return newest;
}

/** Whether there is more to say than fits the row's line, while the patient may still be present. */
const saysMore = ({ study }: DayEntry): boolean =>
  study !== null && (study.film.length > 0 || goesFirst(study));

function keyOf(line: Line): string {
  switch (line.kind) {
    case 'heading':
      return `heading ${line.section.key}`;
    case 'row':
      return line.entry.key;
    case 'more':
      return 'more';
    default:
      return line satisfies never;
  }
}

function drawLine(line: Line, sent: SentStudiesStore): ComponentChildren {
  switch (line.kind) {
    case 'heading':
      return line.alone ? <h2 class="unseen">{words.list}</h2> : <SectionHeading section={line.section} />;
    case 'row':
      return (
        <DayRow
          entry={line.entry}
          opens={line.opens}
          onDecided={() => void sent.refresh()}
          onShown={(uid) => void sent.wantPatient(uid)}
        />
      );
    case 'more':
      return <More sent={sent} />;
    default:
      return line satisfies never;
  }
}

/** The heading of *To decide* counts studies and instances. Studies that wait on another device are decided there. */
function SectionHeading({ section: { heading, entries } }: { readonly section: Section }) {
  const asks = heading.by === 'part' && heading.part === 'needs-you' && !entries.every(isWatched);
  return (
    <div class="queue-part-head">
      {heading.by === 'part' ? (
        <h2 class="queue-part" data-part={heading.part} data-asks={asks}>
          {asks && <Icon name="decide" size={20} />}
          {(entries.every(isWatched) ? words.shownOfSite : words.shown)[heading.part]}{' '}
          <span class="quiet numbers queue-part-count">
            {asks ? countNeeds(entries) : words.studiesIn(entries.length)}
          </span>
        </h2>
      ) : (
        <h2 class="queue-part">
          <bdi class="cut">{heading.by === 'patient' ? heading.name : words.unknownPatient}</bdi>
          {heading.by === 'patient' && (
            <span class="quiet queue-part-count small">{heading.person.join(kitWords.separator)}</span>
          )}
        </h2>
      )}
      {heading.by === 'part' && <PartActions part={heading.part} entries={entries} />}
    </div>
  );
}

/** The number of instances, as in the badge of every page, and the number of studies in the rows below. */
function countNeeds(entries: readonly DayEntry[]): string {
  const needed = sumOf(entries.flatMap(studiesOf).flatMap(({ needs }) => needs));
  const rows = words.studiesIn(entries.length);
  return needed === 0 ? rows : [rows, words.count(needed)].join(kitWords.separator);
}

/** Buttons that act on a whole part at once. */
function PartActions({ part, entries }: { readonly part: QueuePart; readonly entries: readonly DayEntry[] }) {
  const queue = useQueue();
  const list = useDayList();
  const studies = entries.flatMap(studiesOf);
  if (part === 'under-way') {
    const waiting = studies.filter(({ isWaiting, cancelling }) => isWaiting && !cancelling);
    if (waiting.length < 2) return null;
    const areAllPaused = waiting.every(({ paused }) => paused);
    const ids = waiting.map(({ id }) => id);
    return (
      <button
        type="button"
        class="button button-bare"
        onClick={() => void (areAllPaused ? queue.resume(...ids) : queue.pause(...ids))}
      >
        {areAllPaused ? words.resumeAll : words.pauseAll}
      </button>
    );
  }
  const isOver = part === 'arrived' || part === 'taken-back';
  const rows = entries.filter(({ study, removed }) => study?.cancelling === false && !removed);
  if (!isOver || rows.length < 2) return null;
  const removable = rows.flatMap(studiesOf).map(({ id }) => id);
  return (
    <button type="button" class="button button-bare" onClick={() => void dismissAll(queue, list, removable)}>
      {words.removeAll(rows.length)}
    </button>
  );
}

/** The next page, loaded when the end of the list comes into view; in a filtered list, only on request. */
function More({ sent }: { readonly sent: SentStudiesStore }) {
  const choice = useDayList().choice.value;
  const isReading = sent.isReadingMore.value;
  useEffect(() => {
    if (!isNarrowed(choice)) void sent.more();
  }, [sent, choice, sent.studies.value]);
  return (
    <p class="studies-more">
      <button type="button" class="button" disabled={isReading} onClick={() => void sent.more()}>
        {isReading ? words.asking : words.more}
      </button>
    </p>
  );
}
