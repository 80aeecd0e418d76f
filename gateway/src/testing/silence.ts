/**
 * Silence without waiting: a server that leaves requests unanswered, and a client whose timers over silence
 * end as soon as nothing else is under way. No real time passes, and no answer that comes is ever too late.
 */

export type Silence = {
  /** For `PacsSettings`: a request is under way until its timer is disposed of. */
  startTimer(giveUp: () => void): { refresh(): void; [Symbol.dispose](): void };
  /** Leaves one request without an answer; the function returned is called when its connection has closed. */
  begin(): () => void;
};

export function createSilence(): Silence {
  const underWay = new Set<() => void>();
  const unanswered = new Set<symbol>();
  const endIfAllAreSilent = (): void => {
    if (underWay.size === 0 || unanswered.size < underWay.size) return;
    unanswered.clear();
    for (const giveUp of [...underWay]) giveUp();
  };
  return {
    startTimer(giveUp) {
      underWay.add(giveUp);
      return {
        refresh: () => undefined,
        [Symbol.dispose]() {
          underWay.delete(giveUp);
          endIfAllAreSilent();
        },
      };
    },
    begin() {
      const one = Symbol('unanswered');
      unanswered.add(one);
      endIfAllAreSilent();
      return () => void unanswered.delete(one);
    },
  };
}
