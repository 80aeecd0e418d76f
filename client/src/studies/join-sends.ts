/**
 * Makes one row of a study that was sent in several sends: it says of the most urgent one where it is and how much it
 * is. Their sum would be no number of anything: two sends may hold the same instances. Opened, the row shows each send
 * with its own buttons. Pure.
 */
import type { QueuedStudy } from '../pipeline/queue/queued-study.ts';
import { QUEUE_PARTS } from '../pipeline/queue/track-of.ts';
import type { DayEntry } from './day-entry.ts';

/** The sends of a row, in the order of the queue; of most studies there is one. */
export const sendsOf = (entry: DayEntry): readonly DayEntry[] => entry.sends ?? [entry];

/** All that this device holds of a row. */
export const studiesOf = (entry: DayEntry): readonly QueuedStudy[] =>
  sendsOf(entry).flatMap(({ study }) => study ?? []);

/**
 * Joins the entries of a study whenever one of them has changed; otherwise the row stays the one of before. A send that
 * a person removed from the list is joined only with others that were removed.
 */
export function createJoin(): (entries: readonly DayEntry[]) => readonly DayEntry[] {
  let kept: ReadonlyMap<string, DayEntry> = new Map();
  let before: readonly DayEntry[] = [];
  return (entries) => {
    const groups = Map.groupBy(entries, ({ key, studyInstanceUID, removed }) =>
      studyInstanceUID === null ? key : `${studyInstanceUID} ${removed}`,
    );
    const rows = [...groups].map(([group, sends]): [string, DayEntry] => {
      const row = kept.get(group);
      const isAsBefore = row && sendsOf(row).length === sends.length;
      const isSame = isAsBefore && sendsOf(row).every((send, nth) => send === sends[nth]);
      return [group, isSame ? row : join(sends)];
    });
    kept = new Map(rows);
    const next = rows.map(([, row]) => row);
    if (next.length !== before.length || next.some((row, nth) => row !== before[nth])) before = next;
    return before;
  };
}

function join(sends: readonly DayEntry[]): DayEntry {
  const [first, ...more] = sends;
  if (first === undefined || more.length === 0) return first!;
  const lead = sends.toSorted(
    (a, b) => urgencyOf(a) - urgencyOf(b) || lackOf(b) - lackOf(a) || b.at - a.at,
  )[0]!;
  const named = [lead, ...sends].find(({ study }) => study?.title) ?? lead;
  return {
    ...lead,
    key: first.key,
    sends,
    name: named.name,
    person: named.person,
    modalities: [...new Set(sends.flatMap(({ modalities }) => modalities))],
    at: Math.max(...sends.map(({ at }) => at)),
    hasReceipt: sends.some(({ hasReceipt }) => hasReceipt),
    givenUpAt: [...new Set(sends.flatMap(({ givenUpAt }) => givenUpAt))],
  };
}

const urgencyOf = ({ part }: DayEntry): number => QUEUE_PARTS.indexOf(part);
const lackOf = ({ track }: DayEntry): number => (track.leftOut > 0 ? 1 : 0);
