/** Decides how a working destination can get a sample study. */
import type { Destination } from '#shared/protocol/destination.ts';
import type { DecidingRule } from './rule-form.ts';

/** `rules-first`: a rule that takes a study decides alone where it goes, so the page makes no promise. */
type SampleOffer = 'send' | 'send-here-too' | 'rules-first';

/** `rules`: those that take precedence over the destination's own setting. */
export function sampleOffer(
  { isPrimary, need, hasStudies }: Pick<Destination, 'isPrimary' | 'need' | 'hasStudies'>,
  rules: readonly DecidingRule[],
): SampleOffer | null {
  if (isPrimary || need !== null) return 'send';
  if (hasStudies) return null;
  return rules.length > 0 ? 'rules-first' : 'send-here-too';
}
