/**
 * Counts a study that was sent from this device in several sends, an instance of two sends once: two sends may hold
 * the same ones. Cancelled sends are not among them: this device no longer has their instances.
 */
import { signal, type ReadonlySignal } from '@preact/signals';
import { isThere } from '../pipeline/queue/count-reasons.ts';
import { isOtherImage } from '#shared/protocol/same-uid.ts';
import { isInPacs, type InstanceState } from '#shared/protocol/study-state.ts';
import { countWithheld } from '#shared/protocol/withheld.ts';
import type { QueuedInstance, QueuedStudy, QueueStore } from '../pipeline/queue/queued-study.ts';

/** The counts of a study over all its sends. */
export type Whole = { readonly total: number; readonly inPacs: number };
/** `of`: by their ids, the sends as they were counted (`factsOf`). */
type CountedWhole = Whole & { readonly of: ReadonlyMap<string, string> };
/** By Study Instance UID as sent; absent: there is one send, or they are not counted yet. */
export type Wholes = ReadonlyMap<string, CountedWhole>;

interface SendCounts {
  readonly wholes: ReadonlySignal<Wholes>;
  /**
   * Reads the instances of those that have changed. Resolves once all is counted; a call meanwhile is counted after it.
   */
  update(studies: readonly QueuedStudy[]): Promise<void>;
}

export function createSendCounts(read: QueueStore['instancesOf']): SendCounts {
  const wholes = signal<Wholes>(new Map());
  let next: readonly QueuedStudy[] | null = null;
  let isCounting = false;
  const count = async (studies: readonly QueuedStudy[]) => {
    const several = severalOf(studies);
    if ([...wholes.value.keys()].some((uid) => !several.has(uid)))
      wholes.value = new Map([...wholes.value].filter(([uid]) => several.has(uid)));
    for (const [uid, sends] of several) {
      const before = wholes.value.get(uid);
      if (before?.of.size === sends.length && isCounted(before, sends)) continue;
      const bySend: (readonly QueuedInstance[])[] = [];
      for (const { id } of sends) bySend.push(await read(id));
      const of = new Map(sends.map((send) => [send.id, factsOf(send)]));
      wholes.value = new Map(wholes.value).set(uid, { ...countSends(sends, bySend), of });
    }
  };
  return {
    wholes,
    async update(studies) {
      next = studies;
      if (isCounting) return;
      isCounting = true;
      try {
        while (next !== null) {
          const all: readonly QueuedStudy[] = next;
          next = null;
          await count(all);
        }
      } finally {
        isCounting = false;
      }
    },
  };
}

function severalOf(studies: readonly QueuedStudy[]): ReadonlyMap<string, readonly QueuedStudy[]> {
  const sent = studies.filter(({ state, studyInstanceUID }) => state !== 'taken-back' && studyInstanceUID);
  const all = Map.groupBy(sent, ({ studyInstanceUID }) => studyInstanceUID ?? '');
  return new Map([...all].filter(([, sends]) => sends.length > 1));
}

/** The sum changes only with these, not at each step of an upload: a receipt says of each instance where it is. */
const factsOf = ({
  state,
  instances,
  packing,
  receiptId,
  withheld,
  track: { needsYou, leftOut },
}: QueuedStudy): string =>
  JSON.stringify([state, instances, packing, receiptId, withheld, needsYou, leftOut]);

/** False: a send has changed since. */
export const isCounted = ({ of }: CountedWhole, sends: readonly QueuedStudy[]): boolean =>
  sends.every((send) => of.get(send.id) === factsOf(send));

/**
 * An instance that a send withholds is in no other one. Of a send that is still being read, not all are named. Where a
 * send has several images of one UID, each counts in the total, and one at most in the PACS; so does one that was not
 * stored because another send brought another image under its UID.
 */
function countSends(sends: readonly QueuedStudy[], bySend: readonly (readonly QueuedInstance[])[]): Whole {
  const images = new Map<string, number>();
  const rivals = new Set<string>();
  for (const own of bySend) {
    for (const { sopInstanceUID, digest } of own.filter(isOtherImage))
      rivals.add(`${sopInstanceUID} ${digest}`);
    const others = own.filter((each) => !isOtherImage(each));
    for (const [uid, { length }] of Map.groupBy(others, ({ sopInstanceUID }) => sopInstanceUID))
      images.set(uid, Math.max(images.get(uid) ?? 0, length));
  }
  const named = [...images.values()].reduce((sum, count) => sum + count, rivals.size);
  const there = bySend.flat().filter((each) => isThere(each) || isInPacs(each.state as InstanceState));
  const withheld = sends.reduce((sum, send) => sum + countWithheld(send.withheld), 0);
  return {
    total: Math.max(named + withheld, ...sends.map((send) => send.instances)),
    inPacs: new Set(there.map(({ sopInstanceUID }) => sopInstanceUID)).size,
  };
}
