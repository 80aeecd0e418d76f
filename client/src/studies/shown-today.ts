/** The studies that the upload page shows: those that wait, and those that arrived today. Pure. */
import type { DayEntry } from './day-entry.ts';

/** What needs a decision comes first, then what is under way, then the newest arrivals. */
const PLACES: Partial<Record<DayEntry['part'], number>> = { 'needs-you': 0, 'under-way': 1, arrived: 2 };

export function shownToday(entries: readonly DayEntry[], now: Date): readonly DayEntry[] {
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
  const place = ({ part }: DayEntry): number => PLACES[part] ?? 3;
  return entries
    .filter(
      (entry) => !entry.removed && place(entry) < 3 && (entry.part !== 'arrived' || entry.at >= midnight),
    )
    .toSorted((a, b) => place(a) - place(b) || b.at - a.at);
}
