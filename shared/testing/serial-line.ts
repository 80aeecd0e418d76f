/**
 * The arithmetic of one direction of a slow link: a queue before a wire of so many bytes a second, and the
 * time that a byte is on its way. Keeps no bytes and no timers: times go in and come out, in milliseconds of
 * any clock that does not go back.
 *
 * The wire's time is counted, not waited for: delivering a piece some milliseconds late does not make the
 * link slower.
 */

export type LineSettings = {
  readonly bytesPerSecond: number;
  /** The delay one way: half of the round trip. */
  readonly delayMs: number;
  /** The router's buffer in front of the wire; a sender waits when it is full. */
  readonly queueBytes: number;
};

/** A time in which the wire had nothing to carry, between two pieces. */
export type Gap = { readonly from: number; readonly ms: number };

export type SerialLine = {
  /** Puts a piece behind what waits; returns when its last byte arrives at the other end. */
  send(bytes: number, now: number): number;
  /** Bytes that have not left yet. */
  queued(now: number): number;
  /** When `queued` is below `queueBytes`; not after `now` where it is. */
  roomAt(): number;
  /** The queue is lost: the wire is free from `now` on. */
  clear(now: number): void;
  /** Gaps of at least `GAP_MS` since the first piece, the oldest first. */
  readonly gaps: readonly Gap[];
};

/** Shorter ones are the jitter of timers. */
const GAP_MS = 5;

export function createSerialLine({ bytesPerSecond, delayMs, queueBytes }: LineSettings): SerialLine {
  const bytesPerMs = bytesPerSecond / 1000;
  const gaps: Gap[] = [];
  let freeAt: number | null = null;
  return {
    gaps,
    send(bytes, now) {
      if (freeAt !== null && now - freeAt >= GAP_MS) gaps.push({ from: freeAt, ms: now - freeAt });
      freeAt = Math.max(freeAt ?? now, now) + bytes / bytesPerMs;
      return freeAt + delayMs;
    },
    queued: (now) => (freeAt === null ? 0 : Math.max(0, (freeAt - now) * bytesPerMs)),
    roomAt: () => (freeAt ?? 0) - queueBytes / bytesPerMs,
    clear(now) {
      if (freeAt !== null) freeAt = Math.min(freeAt, now);
    },
  };
}
