/**
 * Makes one row of a study that was sent in several sends. The row shows the place of the most urgent send, and how
 * much of the study all sends together brought into the PACS. When expanded, it shows each send with its own buttons.
 * Pure.
 */
import type { QueuedStudy } from '../pipeline/queue/queued-study.ts';
import { QUEUE_PARTS } from '../pipeline/queue/track-of.ts';
import { isCounted, type Whole, type Wholes } from './count-sends.ts';
import { trackOfSent, wasCancelled, type DayEntry } from './day-entry.ts';

/** The sends of a row, in the order of the queue. Most studies have only one. */
export const sendsOf = (entry: DayEntry): readonly DayEntry[] => entry.sends ?? [entry];

/** The studies on this device that belong to a row. */
export const studiesOf = (entry: DayEntry): readonly QueuedStudy[] =>
  sendsOf(entry).flatMap(({ study }) => study ?? []);

/** Whether nothing was left out of an arrived study. */
export const isAllInPacs = ({ track, whole }: Pick<DayEntry, 'track' | 'whole'>): boolean =>
  whole === undefined ? track.leftOut === 0 : whole.inPacs === whole.total;

/**
 * Joins the entries of a study whenever one of them has changed, and otherwise returns the previous row. A send that a
 * person removed from the list is joined only with other removed sends.
 */
export function createJoin(): (entries: readonly DayEntry[], wholes?: Wholes) => readonly DayEntry[] {
  let kept: ReadonlyMap<string, DayEntry> = new Map();
  let before: readonly DayEntry[] = [];
  return (entries, wholes = new Map()) => {
    const groups = Map.groupBy(entries, ({ key, studyInstanceUID, removed }) =>
      studyInstanceUID === null ? key : `${studyInstanceUID} ${removed}`,
    );
    const rows = [...groups].map(([group, sends]): [string, DayEntry] => {
      const row = kept.get(group);
      const isAsBefore = row && sendsOf(row).length === sends.length;
      const isSame = isAsBefore && sendsOf(row).every((send, nth) => send === sends[nth]);
      const next = join(sends, wholes);
      if (row !== undefined && isArriving(row, next, wholes)) return [group, row];
      return [group, isSame && isSameWhole(row.whole, next.whole) ? row : next];
    });
    kept = new Map(rows);
    const next = rows.map(([, row]) => row);
    if (next.length !== before.length || next.some((row, nth) => row !== before[nth])) before = next;
    return before;
  };
}

/** Whether the last send has arrived but is not counted yet. Until then, its row stays under way. */
function isArriving(row: DayEntry, next: DayEntry, wholes: Wholes): boolean {
  const whole = wholes.get(next.studyInstanceUID ?? '');
  if (whole === undefined || next.part !== 'arrived' || row.part !== 'under-way') return false;
  const sent = studiesOf(next).filter(({ state }) => state !== 'taken-back');
  return !isCounted(whole, sent);
}

function join(sends: readonly DayEntry[], wholes: Wholes): DayEntry {
  const [first, ...more] = sends;
  const whole = wholeOf(sends, wholes);
  if (more.length === 0 && whole === undefined) return first!;
  const lead = sends.toSorted(
    (a, b) =>
      urgencyOf(a) - urgencyOf(b) || opennessOf(b) - opennessOf(a) || lackOf(b) - lackOf(a) || b.at - a.at,
  )[0]!;
  const named = [lead, ...sends].find(({ study }) => study?.title) ?? lead;
  return {
    ...lead,
    key: first!.key,
    sends,
    // The device no longer knows the contents of a cancelled send.
    ...(whole !== undefined && lead.part !== 'taken-back' && { whole }),
    name: named.name,
    person: named.person,
    modalities: [...new Set(sends.flatMap(({ modalities }) => modalities))],
    at: Math.max(...sends.map(({ at }) => at)),
    hasReceipt: sends.some(({ hasReceipt }) => hasReceipt),
    givenUpAt: [...new Set(sends.flatMap(({ givenUpAt }) => givenUpAt))],
  };
}

/** The counts of this device, or the gateway's if it knows of more. */
function wholeOf(sends: readonly DayEntry[], wholes: Wholes): Whole | undefined {
  const [{ studyInstanceUID, sent } = { studyInstanceUID: null, sent: null }] = sends;
  const own = wholes.get(studyInstanceUID ?? '');
  if (own === undefined) return undefined;
  const told = sent === null || wasCancelled(sent) ? [] : [trackOfSent(sent)];
  const all = [own, ...sends.map(({ track }) => track), ...told];
  return {
    total: Math.max(...all.map(({ total }) => total)),
    inPacs: Math.max(...all.map(({ inPacs }) => inPacs)),
  };
}

const isSameWhole = (one?: Whole, other?: Whole): boolean =>
  one?.total === other?.total && one?.inPacs === other?.inPacs;

const urgencyOf = ({ part }: DayEntry): number => QUEUE_PARTS.indexOf(part);
/** 1 while the cancelling of the study is not confirmed. */
const opennessOf = ({ study }: DayEntry): number => (study?.cancelling ? 1 : 0);
const lackOf = ({ track }: DayEntry): number => (track.leftOut > 0 ? 1 : 0);
