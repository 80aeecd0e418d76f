/**
 * The instances of a study that nobody has promised, by cause. Only each sender's newest upload counts, because older
 * ones give earlier numbers. Two senders may withhold the same instances, so the sender that withholds most counts.
 * Instances that wait for a person are those of the newest sender, as the gateway judges them. Pure.
 */
import type { SentStudy } from '#shared/protocol/studies.ts';
import { countWithheld, type Withheld } from '#shared/protocol/withheld.ts';

export function withheldNow({ uploads }: Pick<SentStudy, 'uploads'>): Withheld {
  const [newest] = uploads;
  if (newest === undefined || newest.cancelled === true) return newest?.withheld ?? {};
  const { held, ...own } = newest.withheld ?? {};
  const seen = new Set<string>();
  let most: Withheld = own;
  for (const { device, sender, cancelled, withheld } of uploads) {
    const who = device ?? sender?.username ?? '';
    if (cancelled === true || seen.has(who)) continue;
    seen.add(who);
    const { held: _, ...settled } = withheld ?? {};
    if (countWithheld(settled) > countWithheld(most)) most = settled;
  }
  return held === undefined ? most : { ...most, held };
}
