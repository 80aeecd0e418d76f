/** Judges a study by rules: those that it fits, and the first condition that it misses of each other one. Pure. */
import { fits } from '#shared/fits-pattern.ts';
import { CONDITIONS, type Condition, type Verdict, type When } from '#shared/protocol/rule.ts';

/** The values that a study has; an empty list: none is known, and then no value fits. */
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

/** The first of these conditions that the study does not meet; null: it meets all. */
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

/** `first`: the first rule that fits takes the study, and no other; `every`: each that fits does. */
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
