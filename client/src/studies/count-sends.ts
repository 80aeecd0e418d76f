/**
 * Counts a study that was sent from this device in several sends, each SOP Instance UID once over all of them: two
 * sends may hold the same instances. Cancelled sends are not among them: this device no longer has their instances.
 */
import { signal, type ReadonlySignal } from '@preact/signals';
import { isInPacs, type InstanceState } from '#shared/protocol/study-state.ts';
import { countWithheld } from '#shared/protocol/withheld.ts';
import type { QueuedInstance, QueuedStudy, QueueStore } from '../pipeline/queue/queued-study.ts';

/** Of a study over all its sends. */
export type Whole = { readonly total: number; readonly inPacs: number };
/** By Study Instance UID as sent; absent: there is one send, or they are not counted yet. */
export type Wholes = ReadonlyMap<string, Whole>;

export interface SendCounts {
  readonly wholes: ReadonlySignal<Wholes>;
  /**
   * Reads the instances of those that have changed. Resolves once all is counted; a call meanwhile is counted after it.
   */
  update(studies: readonly QueuedStudy[]): Promise<void>;
}

export function createSendCounts(read: QueueStore['instancesOf']): SendCounts {
  const wholes = signal<Wholes>(new Map());
  const facts = new Map<string, string>();
  let next: readonly QueuedStudy[] | null = null;
  let isCounting = false;
  const count = async (studies: readonly QueuedStudy[]) => {
    const several = severalOf(studies);
    for (const uid of facts.keys()) {
      if (several.has(uid)) continue;
      facts.delete(uid);
      wholes.value = new Map([...wholes.value].filter(([known]) => known !== uid));
    }
    for (const [uid, sends] of several) {
      const now = factsOf(sends);
      if (facts.get(uid) === now) continue;
      const instances: QueuedInstance[] = [];
      for (const { id } of sends) instances.push(...(await read(id)));
      facts.set(uid, now);
      wholes.value = new Map(wholes.value).set(uid, countSends(sends, instances));
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
const factsOf = (sends: readonly QueuedStudy[]): string =>
  JSON.stringify(
    sends.map(({ id, state, instances, packing, receiptId, withheld, versions, track }) => [
      [id, state, instances, packing, receiptId, withheld, versions],
      [track.needsYou, track.leftOut],
    ]),
  );

/** An instance that a send withholds is in no other one. Of a send that is still being read, not all are named. */
function countSends(sends: readonly QueuedStudy[], instances: readonly QueuedInstance[]): Whole {
  const named = new Set(instances.map(({ sopInstanceUID }) => sopInstanceUID));
  const there = instances.filter(({ state, stands }) => stands || isInPacs(state as InstanceState));
  const withheld = sends.reduce((sum, send) => sum + countWithheld(send.withheld), 0);
  return {
    total: Math.max(named.size + withheld, ...sends.map((send) => send.instances)),
    inPacs: new Set(there.map(({ sopInstanceUID }) => sopInstanceUID)).size,
  };
}
