/**
 * The callers that were refused lately, for the administrator who sets up a modality. Only a few are kept, in memory.
 */
import type { DimsePeers, DimseRefusal } from '#shared/protocol/dimse-peer.ts';
import type { AssociationAsked } from '../../dimse/pdu-acceptor.ts';
import type { PipelineTools } from '../../pipeline/plan/pipeline-tools.ts';

type Refused = DimsePeers['refused'][number];

const KEPT = 10;
const LOGGED_EVERY_MS = 60_000;

type Refusals = {
  note(asked: AssociationAsked, address: string, because: DimseRefusal): void;
  /** The latest first. A caller that is refused repeatedly is listed once. */
  latest(): readonly Refused[];
};

export function createRefusals({ now, log }: Pick<PipelineTools, 'now' | 'log'>): Refusals {
  let kept: readonly Refused[] = [];
  let loggedAt = Number.NEGATIVE_INFINITY;
  return {
    note({ callingAE, calledAE }, address, because) {
      const at = now();
      const one = { address, callingAE: visible(callingAE), calledAE: visible(calledAE), because };
      const others = kept.filter((each) => keyOf(each) !== keyOf(one));
      kept = [{ at: at.toISOString(), ...one }, ...others].slice(0, KEPT);
      if (at.getTime() - loggedAt < LOGGED_EVERY_MS) return;
      loggedAt = at.getTime();
      log({ event: 'dimse-refused', because });
    },
    latest: () => kept,
  };
}

const keyOf = ({ address, callingAE, calledAE, because }: Omit<Refused, 'at'>): string =>
  JSON.stringify([address, callingAE, calledAE, because]);

/** Replaces everything but printable ASCII, because a stranger wrote the title. */
const visible = (title: string): string => title.replace(/[^\x20-\x7e]/g, '?');
