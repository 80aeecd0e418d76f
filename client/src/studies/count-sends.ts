/**
 * Counts a study that this device sent in several sends. An instance contained in two sends counts once. Cancelled
 * sends are left out, because this device no longer has their instances.
 */
import { signal, type ReadonlySignal } from '@preact/signals';
import { isThere } from '../pipeline/queue/count-reasons.ts';
import { isOtherImage } from '#shared/protocol/same-uid.ts';
import { isInPacs, type InstanceState } from '#shared/protocol/study-state.ts';
import { countWithheld } from '#shared/protocol/withheld.ts';
import type { QueuedInstance, QueuedStudy, QueueStore } from '../pipeline/queue/queued-study.ts';

/** The counts of a study over all its sends. */
export type Whole = { readonly total: number; readonly inPacs: number };
/** `of`: the state of each send when it was counted (`factsOf`), by id. */
type CountedWhole = Whole & { readonly of: ReadonlyMap<string, string> };
/** By Study Instance UID as sent. Missing: there is only one send, or they are not counted yet. */
export type Wholes = ReadonlyMap<string, CountedWhole>;

interface SendCounts {
  readonly wholes: ReadonlySignal<Wholes>;
  /**
   * Reads the instances of the studies that have changed. Resolves once everything is counted; a call in the meantime
   * is counted afterwards.
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

/**
 * The facts on which the counts depend. They do not change with each step of an upload, because a receipt says where
 * each instance is.
 */
const factsOf = ({
  state,
  instances,
  packing,
  receiptId,
  withheld,
  track: { needsYou, leftOut },
}: QueuedStudy): string =>
  JSON.stringify([state, instances, packing, receiptId, withheld, needsYou, leftOut]);

/** False: a send has changed since it was counted. */
export const isCounted = ({ of }: CountedWhole, sends: readonly QueuedStudy[]): boolean =>
  sends.every((send) => of.get(send.id) === factsOf(send));

/**
 * Adds up the sends of a study. An instance that a send withholds occurs in no other send. A send that is still being
 * read has not named all its instances. If a send has several images with one UID, each counts in the total, but at
 * most one as in the PACS. The same applies to an image that was not stored because another send brought a different
 * image under its UID.
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
