/** What the list says of each destination: its state now, and what waits there. Pure. */
import type { Destination } from '#shared/protocol/destination.ts';
import type { Mark } from '../kit/ListMark.tsx';
import { destinationListWords as words } from './destination-list-words.ts';
import { destinationWords } from './destination-words.ts';
import type { Tested } from './destinations.store.ts';
import { lookOf } from './order-findings.ts';

/** The state now. The page checks every destination when it opens, and again while it is open. */
export function stateOf(destination: Pick<Destination, 'refused' | 'unlisted'>, tested: Tested | null): Mark {
  const { refused } = destination;
  if (refused !== null && refused.bytes === null)
    return { icon: 'decide', tone: 'stop', said: words.refuses };
  if (tested === null || (tested.found === null && tested.running !== null))
    return { icon: 'wait', said: words.checking };
  if (tested.found === null) return { icon: 'caution', said: words.unknown };
  const look = lookOf(tested.found, destination);
  if (look === 'wrong') return { icon: 'decide', tone: 'stop', said: words.fails };
  if (look === 'answers') return { icon: 'caution', tone: 'wait', said: words.answers };
  return { icon: 'pacs', said: words.works };
}

/** A person's decisions come first. The gateway sends what is waiting without one. */
export const waitsAt = ({
  held,
  deadLetters,
  waiting,
  underWay,
}: Pick<Destination, 'held' | 'deadLetters' | 'waiting' | 'underWay'>): readonly (Mark | false)[] => [
  held > 0 && { icon: 'decide', tone: 'stop', said: destinationWords.held(held) },
  deadLetters > 0 && { icon: 'decide', tone: 'stop', said: words.notAccepted(deadLetters) },
  waiting > 0 && { icon: 'wait', tone: 'wait', said: words.waiting(waiting) },
  underWay > waiting && { icon: 'way', said: destinationWords.underWay(underWay - waiting) },
];

/** The part of an address that tells destinations apart; for a folder, its path. */
export function hostOf(url: string): string {
  const host = URL.canParse(url) ? new URL(url).host : '';
  return host === '' ? url : host;
}
