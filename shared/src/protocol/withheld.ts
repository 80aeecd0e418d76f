/**
 * Instances of a study that its sender has, or had in hand, and does not promise: without them a study that looks whole
 * is not. The sender says how many, and why; no UID, for nothing of them leaves the device.
 */

/**
 * `left-out`: by a person; `damaged`: only a damaged file was there, or none, and the index of its disc names it;
 * `held`: by the device, or by the gateway for a sender without one, for a person to decide.
 */
export const WITHHELD_CAUSES = ['left-out', 'damaged', 'held'] as const;
export type WithheldCause = (typeof WITHHELD_CAUSES)[number];

/** Instances by cause; causes of none are absent. */
export type Withheld = { readonly [cause in WithheldCause]?: number };

/** The causes that there are, in their order. */
export const causesOf = (withheld: Withheld = {}): readonly (readonly [WithheldCause, number])[] =>
  WITHHELD_CAUSES.flatMap((cause) => {
    const count = withheld[cause] ?? 0;
    return count > 0 ? [[cause, count] as const] : [];
  });

export const isSameWithheld = (one: Withheld = {}, other: Withheld = {}): boolean =>
  WITHHELD_CAUSES.every((cause) => (one[cause] ?? 0) === (other[cause] ?? 0));

export const countWithheld = (withheld: Withheld = {}): number =>
  causesOf(withheld).reduce((sum, [, count]) => sum + count, 0);
