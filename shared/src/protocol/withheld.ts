/**
 * Instances of a study that its sender has, or had in hand, and does not promise: without them a study that looks whole
 * is not. The sender says how many, and why; no UID, for nothing of them leaves the device.
 */
import { isIrregularity } from './irregularities.ts';
import { isHeldForPixels } from './reason-kinds.ts';

/** Left out by a person. All but the first say why the person was asked; `unsafe`: the policy could not be kept. */
export const LEFT_OUT_CAUSES = [
  'left-out',
  'left-out-name',
  'left-out-other-patient',
  'left-out-faulty',
  'left-out-unsafe',
] as const;
export type LeftOutCause = (typeof LEFT_OUT_CAUSES)[number];

/**
 * `damaged`: only a damaged file was there, or none, and the index of its disc names it; `held`: by the device, or by
 * the gateway for a sender without one, for a person to decide.
 */
export const WITHHELD_CAUSES = [...LEFT_OUT_CAUSES, 'damaged', 'held'] as const;
export type WithheldCause = (typeof WITHHELD_CAUSES)[number];

/** By the reason for which it was held until a person left it out. A device holds no damaged file. */
export function leftOutFor(reason: string): LeftOutCause {
  if (isHeldForPixels(reason) || reason === 'named-by-companion') return 'left-out-name';
  return isIrregularity(reason) ? 'left-out-faulty' : 'left-out-unsafe';
}

/** Instances by cause; causes of none are absent. */
export type Withheld = { readonly [cause in WithheldCause]?: number };

/** With all that a person left out as one: the code on paper has no room for more. */
export function inShort(withheld: Withheld): Withheld {
  const { damaged, held } = withheld;
  const leftOut = LEFT_OUT_CAUSES.reduce((sum, cause) => sum + (withheld[cause] ?? 0), 0);
  return Object.fromEntries(causesOf({ 'left-out': leftOut, damaged: damaged ?? 0, held: held ?? 0 }));
}

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
