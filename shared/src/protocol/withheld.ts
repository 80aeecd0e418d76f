/**
 * Instances of a study that the sender has, or had, and does not promise: without them, a study that looks complete is
 * not. The sender gives only counts by cause and no UIDs, because nothing of these instances leaves the device.
 */
import { isIrregularity } from './irregularities.ts';
import { isHeldForPixels } from './reason-kinds.ts';

/**
 * Instances that a person left out. All causes but the first say why the person was asked. `unsafe`: the policy could
 * not be applied.
 */
export const LEFT_OUT_CAUSES = [
  'left-out',
  'left-out-name',
  'left-out-other-patient',
  'left-out-faulty',
  'left-out-unsafe',
] as const;
export type LeftOutCause = (typeof LEFT_OUT_CAUSES)[number];

/**
 * `damaged`: the file was damaged, or missing although the disc's index lists it. `held`: held for a person's decision,
 * by the device, or by the gateway for a sender without a device.
 */
export const WITHHELD_CAUSES = [...LEFT_OUT_CAUSES, 'damaged', 'held'] as const;
export type WithheldCause = (typeof WITHHELD_CAUSES)[number];

/** The cause for an instance that was held for `reason` until a person left it out. A device holds no damaged file. */
export function leftOutFor(reason: string): LeftOutCause {
  if (isHeldForPixels(reason) || reason === 'named-by-companion') return 'left-out-name';
  return isIrregularity(reason) ? 'left-out-faulty' : 'left-out-unsafe';
}

/** Instances by cause; causes without instances are absent. */
export type Withheld = { readonly [cause in WithheldCause]?: number };

/** Combines all causes of leaving out into one: the code on paper has no room for more. */
export function inShort(withheld: Withheld): Withheld {
  const { damaged, held } = withheld;
  const leftOut = LEFT_OUT_CAUSES.reduce((sum, cause) => sum + (withheld[cause] ?? 0), 0);
  return Object.fromEntries(causesOf({ 'left-out': leftOut, damaged: damaged ?? 0, held: held ?? 0 }));
}

/** The causes with at least one instance, in their order. */
export const causesOf = (withheld: Withheld = {}): readonly (readonly [WithheldCause, number])[] =>
  WITHHELD_CAUSES.flatMap((cause) => {
    const count = withheld[cause] ?? 0;
    return count > 0 ? [[cause, count] as const] : [];
  });

export const isSameWithheld = (one: Withheld = {}, other: Withheld = {}): boolean =>
  WITHHELD_CAUSES.every((cause) => (one[cause] ?? 0) === (other[cause] ?? 0));

export const countWithheld = (withheld: Withheld = {}): number =>
  causesOf(withheld).reduce((sum, [, count]) => sum + count, 0);
