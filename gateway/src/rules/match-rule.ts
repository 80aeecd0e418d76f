/** Judges a study by rules: which rules it fits, and for every other rule the first condition that it misses. Pure. */
import { fits } from '#shared/fits-pattern.ts';
import { CONDITIONS, type Condition, type Verdict, type When } from '#shared/protocol/rule.ts';

/**
 * The values of a study for each condition. An empty list means that none is known, so no rule with that condition
 * fits.
 */
export type Attributes = Readonly<Record<Condition, readonly string[]>>;

export const NO_ATTRIBUTES: Attributes = {
  policy: [],
  modality: [],
  sopClass: [],
  bodyPart: [],
  device: [],
  account: [],
  description: [],
};

type Judged = { readonly name: string; readonly enabled: boolean; readonly when: When };

/** The first of these conditions that the study does not meet; null: it meets all of them. */
export function firstUnmet(
  when: When,
  attributes: Attributes,
  conditions: readonly Condition[] = CONDITIONS,
): Condition | null {
  const isUnmet = (condition: Condition): boolean => {
    const wanted = when[condition];
    return (
      wanted !== undefined && !wanted.some((one) => attributes[condition].some((value) => fits(one, value)))
    );
  };
  return conditions.find(isUnmet) ?? null;
}

/** `first`: only the first rule that fits takes the study. `every`: every rule that fits takes it. */
export function judgeRules(
  rules: readonly Judged[],
  attributes: Attributes,
  which: 'first' | 'every',
): Verdict[] {
  let taken: string | null = null;
  return rules.map(({ name, enabled, when }): Verdict => {
    const because = whyNot({ name, enabled, when }, attributes, which === 'first' ? taken : null);
    if (because === null) taken ??= name;
    return { name, takes: because === null, because };
  });
}

function whyNot(
  { enabled, when }: Judged,
  attributes: Attributes,
  earlier: string | null,
): Verdict['because'] {
  const condition = firstUnmet(when, attributes);
  if (!enabled) return { kind: 'disabled', isMet: condition === null };
  if (condition !== null)
    return {
      kind: 'condition',
      condition,
      has: [...attributes[condition]],
      wants: [...(when[condition] ?? [])],
    };
  return earlier === null ? null : { kind: 'earlier', rule: earlier };
}
