/**
 * A PACS behind a guard. A PACS that takes requests and never answers then blocks only one caller at a time, however
 * many want to use it. Once a request has met with silence, the next caller sends the PACS a small probe. Until it is
 * answered, the requests of all others end as PacsUnreachable without reaching the PACS. A PACS that refuses the
 * connection, or answers anything, blocks nobody, and is asked as before.
 */
import { isSilence, NOT_ASKED, PacsUnreachable, type Pacs } from './pacs.ts';
import { unlessAborted } from './unless-aborted.ts';

type GuardLimits = {
  /**
   * How long the probe may take. A PACS that needs longer to search one study could confirm nothing anyway; with a far
   * longer limit, its return would be noticed late.
   */
  readonly answerMs: number;
  /** How long others wait for the answer: a PACS that is well again answers at once. */
  readonly joinMs: number;
};
const LIMITS: GuardLimits = { answerMs: 30_000, joinMs: 2_000 };

export function createGuardedPacs(pacs: Pacs, limits: GuardLimits = LIMITS): Pacs {
  const guard = new Guard((signal) => pacs.probe(signal), limits);
  return {
    describe: () => pacs.describe(),
    storeInstances: (study, instances, signal) =>
      guard.pass(signal, () => pacs.storeInstances(study, instances, signal)),
    findStudy: (study, signal, enough) => guard.pass(signal, () => pacs.findStudy(study, signal, enough)),
    findInstances: (uids, signal, study) => guard.pass(signal, () => pacs.findInstances(uids, signal, study)),
    readBack: (where, bytes, signal, promised) =>
      guard.pass(signal, () => pacs.readBack(where, bytes, signal, promised)),
    fetchInstance: (where, maxBytes, signal) =>
      guard.pass(signal, () => pacs.fetchInstance(where, maxBytes, signal)),
    describeStudy: (study, limit, signal) =>
      guard.pass(signal, () => pacs.describeStudy(study, limit, signal)),
    searchStudies: (key, limit, signal) => guard.pass(signal, () => pacs.searchStudies(key, limit, signal)),
    givesInstances: (signal) => guard.pass(signal, () => pacs.givesInstances(signal)),
    probe: (signal) => guard.probe(signal),
    get usualProof() {
      return pacs.usualProof;
    },
    get web(): Pacs['web'] {
      const { web } = pacs;
      return (
        web && {
          get: (path, accept, signal) => guard.pass(signal, () => web.get(path, accept, signal)),
          takesLists: (signal) => guard.pass(signal, () => web.takesLists(signal)),
        }
      );
    },
    get askCommitment(): Pacs['askCommitment'] {
      const { askCommitment: ask } = pacs;
      return ask && ((wish, signal) => guard.pass(signal, () => ask(wish, signal)));
    },
    get checkCommitment(): Pacs['checkCommitment'] {
      const { checkCommitment: check } = pacs;
      return check && ((transactionUID, signal) => guard.pass(signal, () => check(transactionUID, signal)));
    },
    get digestsOf(): Pacs['digestsOf'] {
      const ask = pacs.digestsOf;
      if (ask === null) return null;
      return (study, uids, signal) => guard.pass(signal, () => ask(study, uids, signal));
    },
    get streamInstance(): Pacs['streamInstance'] {
      const { streamInstance: stream } = pacs;
      return stream && ((where, signal, read) => guard.pass(signal, () => stream(where, signal, read)));
    },
    get removeStudy(): Pacs['removeStudy'] {
      const { removeStudy: remove } = pacs;
      return remove && ((study, isOf, signal) => guard.pass(signal, () => remove(study, isOf, signal)));
    },
    get storeAnotherWay(): Pacs['storeAnotherWay'] {
      const store = pacs.storeAnotherWay;
      if (store === null) return null;
      return (instance, signal) => guard.pass(signal, () => store(instance, signal));
    },
  };
}

/** However the probe failed, the request behind it was not made. */
function asNotAsked(error: unknown): never {
  throw error instanceof PacsUnreachable
    ? new PacsUnreachable(error.message, error.status, NOT_ASKED, error)
    : error;
}

type Question = { readonly answer: Promise<void>; readonly isLate: Promise<void> };

class Guard {
  readonly #ask: (signal: AbortSignal) => Promise<void>;
  readonly #limits: GuardLimits;
  #isSilent = false;
  #question: Question | null = null;

  constructor(ask: (signal: AbortSignal) => Promise<void>, limits: GuardLimits) {
    this.#ask = ask;
    this.#limits = limits;
  }

  /** Throws PacsUnreachable also where the request was not made. */
  async pass<T>(signal: AbortSignal, request: () => Promise<T>): Promise<T> {
    if (this.#isSilent) await this.probe(signal).catch(asNotAsked);
    try {
      return await request();
    } catch (error) {
      this.#isSilent ||= isSilence(error);
      throw error;
    }
  }

  /** The first caller to probe a silent PACS waits for the answer; the others wait only a moment. */
  async probe(signal: AbortSignal): Promise<void> {
    if (!this.#isSilent) return unlessAborted(this.#askInTime(), signal);
    if (this.#question !== null) return unlessAborted(join(this.#question), signal);
    const { promise: isLate, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, this.#limits.joinMs);
    const answer = this.#askInTime().finally(() => {
      clearTimeout(timer);
      this.#question = null;
    });
    this.#question = { answer, isLate };
    return unlessAborted(answer, signal);
  }

  /** Not aborted by a caller's signal, because others wait for the answer too. */
  async #askInTime(): Promise<void> {
    const tooLong = AbortSignal.timeout(this.#limits.answerMs);
    try {
      await this.#ask(tooLong);
      this.#isSilent = false;
    } catch (error) {
      const told = tooLong.aborted ? new PacsUnreachable('the PACS is silent', null, 'silent') : error;
      this.#isSilent = isSilence(told);
      throw told;
    }
  }
}

async function join({ answer, isLate }: Question): Promise<void> {
  const late = isLate.then(() => {
    throw new PacsUnreachable('the PACS has not answered for a while', null, NOT_ASKED);
  });
  return Promise.race([answer, late]);
}
