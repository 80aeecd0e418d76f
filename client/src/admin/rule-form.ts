/** The form of a rule as it is typed, and the rule in it. Pure. */
import {
  COERCED_ATTRIBUTES,
  coercionSchema,
  type CoercedAttribute,
  type Coercion,
} from '#shared/protocol/coercion.ts';
import type { CasePriority } from '#shared/protocol/cases.ts';
import type { Need } from '#shared/protocol/forms.ts';
import {
  caseRuleSchema,
  CONDITIONS,
  forwardingRuleSchema,
  inferenceRuleSchema,
  whenSchema,
  type CaseOccasion,
  type Condition,
  type Rule,
  type RuleKind,
  type When,
} from '#shared/protocol/rule.ts';

/** The values of each condition as a text. */
export type TypedValues = Readonly<Record<Condition, string>>;
export type TypedCoercion = Readonly<Record<CoercedAttribute, string>>;
export type TypedRule = {
  readonly name: string;
  readonly enabled: boolean;
  readonly values: TypedValues;
  /** By the id of the destination. */
  readonly needs: Readonly<Record<string, Need>>;
  /** The values that a destination wants, by its id. */
  readonly coercions: Readonly<Record<string, TypedCoercion>>;
  readonly models: readonly string[];
  readonly priority: string;
  readonly opens: TypedCase;
};
/** `tags`: separated by commas; `review` empty: none. */
export type TypedCase = {
  readonly occasion: CaseOccasion;
  readonly title: string;
  readonly priority: CasePriority;
  readonly tags: string;
  readonly review: string;
};
/** A condition is the field of its values. */
export type RuleField = 'name' | 'models' | 'priority' | 'coercion' | 'title' | 'tags' | Condition;

export const NO_COERCION: TypedCoercion = { institution: '', issuer: '', accessionPrefix: '' };

const NO_VALUES: TypedValues = {
  policy: '',
  modality: '',
  sopClass: '',
  bodyPart: '',
  device: '',
  account: '',
  description: '',
};

/** A description may have commas in it. */
const separatorOf = (condition: Condition): string => (condition === 'description' ? '\n' : ',');

export function toTypedValues(when: When): TypedValues {
  const texts = CONDITIONS.map((condition) => {
    const separator = condition === 'description' ? '\n' : ', ';
    return [condition, (when[condition] ?? []).join(separator)] as const;
  });
  return { ...NO_VALUES, ...Object.fromEntries(texts) };
}

/** Conditions without a value are not there. */
export function readValues(
  values: TypedValues,
): { readonly kind: 'when'; readonly when: When } | { readonly kind: 'mistake'; readonly field: Condition } {
  const lists = CONDITIONS.flatMap((condition) => {
    const list = values[condition]
      .split(separatorOf(condition))
      .map((value) => value.trim())
      .filter((value) => value !== '');
    return list.length === 0 ? [] : [[condition, list] as const];
  });
  const wrong = lists.find(([condition, list]) => !whenSchema.safeParse({ [condition]: list }).success);
  if (wrong !== undefined) return { kind: 'mistake', field: wrong[0] };
  return { kind: 'when', when: Object.fromEntries(lists) };
}

/** Null: a new one, switched on. */
export function toTyped(rule: Rule | null): TypedRule {
  const to = rule !== null && 'to' in rule ? rule.to : [];
  const isOfModels = rule !== null && 'models' in rule;
  return {
    name: rule?.name ?? '',
    enabled: rule?.enabled ?? true,
    values: toTypedValues(rule?.when ?? {}),
    needs: Object.fromEntries(to.map(({ destination, need }) => [destination, need])),
    coercions: Object.fromEntries(to.map(({ destination, coerce }) => [destination, typedCoercion(coerce)])),
    models: isOfModels ? rule.models : [],
    priority: isOfModels ? String(rule.priority) : '0',
    opens: typedCase(rule),
  };
}

function typedCase(rule: Rule | null): TypedCase {
  if (rule === null || !('occasion' in rule))
    return { occasion: 'delivered', title: '', priority: 'routine', tags: '', review: '' };
  const { occasion, title, casePriority: priority, tags, review } = rule;
  return { occasion, title, priority, tags: tags.join(', '), review: review ?? '' };
}

const typedCoercion = (coerce: Coercion = {}): TypedCoercion => ({
  institution: coerce.institution ?? '',
  issuer: coerce.issuer ?? '',
  accessionPrefix: coerce.accessionPrefix ?? '',
});

export type ReadRule =
  | { readonly kind: 'rule'; readonly rule: Rule }
  | { readonly kind: 'mistake'; readonly field: RuleField };

/** Null: nothing is changed. */
function coercionIn(typed: TypedCoercion): Coercion | null {
  const said = COERCED_ATTRIBUTES.flatMap((attribute) => {
    const value = typed[attribute].trim();
    return value === '' ? [] : [[attribute, value] as const];
  });
  return said.length === 0 ? null : Object.fromEntries(said);
}

/** `others`: the names of the other rules of the kind. */
export function readRule(kind: RuleKind, typed: TypedRule, others: readonly string[]): ReadRule {
  const name = typed.name.trim();
  const { enabled, models } = typed;
  if (!forwardingRuleSchema.shape.name.safeParse(name).success || others.includes(name))
    return { kind: 'mistake', field: 'name' };
  const read = readValues(typed.values);
  if (read.kind === 'mistake') return read;
  const common = { name, enabled, when: read.when };
  if (kind === 'forwarding') {
    const to = Object.entries(typed.needs).map(([destination, need]) => {
      const coerce = coercionIn(typed.coercions[destination] ?? NO_COERCION);
      return { destination, need, ...(coerce === null ? {} : { coerce }) };
    });
    if (!to.every(({ coerce }) => coerce === undefined || coercionSchema.safeParse(coerce).success))
      return { kind: 'mistake', field: 'coercion' };
    return { kind: 'rule', rule: { ...common, to } };
  }
  if (kind === 'cases') return readCase(common, typed.opens);
  const { shape } = inferenceRuleSchema;
  if (!shape.models.safeParse(models).success) return { kind: 'mistake', field: 'models' };
  const priority = typed.priority.trim() === '' ? Number.NaN : Number(typed.priority);
  if (!shape.priority.safeParse(priority).success) return { kind: 'mistake', field: 'priority' };
  return { kind: 'rule', rule: { ...common, models: [...models], priority } };
}

function readCase(
  common: Pick<Rule, 'name' | 'enabled' | 'when'>,
  { occasion, title: typedTitle, priority: casePriority, tags: typedTags, review }: TypedCase,
): ReadRule {
  const { shape } = caseRuleSchema;
  const title = typedTitle.trim();
  if (!shape.title.safeParse(title).success) return { kind: 'mistake', field: 'title' };
  const tags = typedTags
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '');
  if (!shape.tags.safeParse(tags).success) return { kind: 'mistake', field: 'tags' };
  const said = { occasion, title, casePriority, tags, review: review === '' ? null : review };
  return { kind: 'rule', rule: { ...common, ...said } };
}
