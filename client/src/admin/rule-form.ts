/** The form of a rule as typed, and the conversion to a rule. Pure. */
import {
  COERCED_ATTRIBUTES,
  coercionSchema,
  type CoercedAttribute,
  type Coercion,
} from '#shared/protocol/coercion.ts';
import { fits } from '#shared/fits-pattern.ts';
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

/** The values of each condition as one text. */
export type TypedValues = Readonly<Record<Condition, string>>;
/** The names that the site has, for conditions that need a name. */
export type KnownValues = Readonly<Record<'policy' | 'account', readonly string[]>>;
type TypedCoercion = Readonly<Record<CoercedAttribute, string>>;
export type TypedRule = {
  readonly name: string;
  readonly enabled: boolean;
  readonly values: TypedValues;
  /** Keyed by the id of the destination. */
  readonly needs: Readonly<Record<string, Need>>;
  /** The attribute values to write for each destination, by its id. */
  readonly coercions: Readonly<Record<string, TypedCoercion>>;
  readonly models: readonly string[];
  readonly priority: string;
  readonly opens: TypedCase;
};
/** `tags`: separated by commas. `review` empty: no review. */
export type TypedCase = {
  readonly occasion: CaseOccasion;
  readonly title: string;
  readonly priority: CasePriority;
  readonly tags: string;
  readonly review: string;
};
/** For a condition, the field of its values. */
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

/** Separated by lines for descriptions, which may contain commas, and by commas otherwise. */
const separatorOf = (condition: Condition): string => (condition === 'description' ? '\n' : ',');

const valuesIn = (condition: Condition, typed: string): readonly string[] =>
  typed
    .split(separatorOf(condition))
    .map((value) => value.trim())
    .filter((value) => value !== '');

export function toTypedValues(when: When): TypedValues {
  const texts = CONDITIONS.map((condition) => {
    const separator = condition === 'description' ? '\n' : ', ';
    return [condition, (when[condition] ?? []).join(separator)] as const;
  });
  return { ...NO_VALUES, ...Object.fromEntries(texts) };
}

const namesOf = (condition: Condition, known: KnownValues): readonly string[] =>
  condition === 'policy' || condition === 'account' ? known[condition] : [];

/** The possible texts of the field after completing its last value to a name of the site. */
export function suggestions(condition: Condition, typed: string, known: KnownValues): readonly string[] {
  const before = typed.slice(0, typed.lastIndexOf(',') + 1);
  const chosen = valuesIn(condition, before);
  return namesOf(condition, known)
    .filter((name) => !chosen.includes(name))
    .map((name) => (before === '' ? name : `${before} ${name}`));
}

/**
 * A value that matches no name of the site, so that the rule waits for something that does not exist. Null: every value
 * matches.
 */
export function valueWithoutName(condition: Condition, typed: string, known: KnownValues): string | null {
  const names = namesOf(condition, known);
  if (names.length === 0) return null;
  return valuesIn(condition, typed).find((value) => !names.some((name) => fits(value, name))) ?? null;
}

/** Conditions without a value are left out. */
export function readValues(
  values: TypedValues,
): { readonly kind: 'when'; readonly when: When } | { readonly kind: 'mistake'; readonly field: Condition } {
  const lists = CONDITIONS.flatMap((condition) => {
    const list = valuesIn(condition, values[condition]);
    return list.length === 0 ? [] : [[condition, list] as const];
  });
  const wrong = lists.find(([condition, list]) => !whenSchema.safeParse({ [condition]: list }).success);
  if (wrong !== undefined) return { kind: 'mistake', field: wrong[0] };
  return { kind: 'when', when: Object.fromEntries(lists) };
}

type OwnNeed = {
  readonly id: string;
  readonly name: string;
  readonly isPrimary: boolean;
  readonly need: Need | null;
};

/** Null: a new rule, enabled, that sends studies where they go without it. */
export function toTyped(rule: Rule | null, destinations: readonly OwnNeed[] = []): TypedRule {
  const own = destinations.flatMap(({ id, isPrimary, need }) =>
    isPrimary || need === null ? [] : [{ destination: id, need, coerce: undefined }],
  );
  const to = rule === null ? own : 'to' in rule ? rule.to : [];
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

/**
 * The destinations that must have all studies, but would no longer get, or no longer have to get, those that the rule
 * takes.
 */
export function leftOutBy(rule: Rule, destinations: readonly OwnNeed[]): readonly string[] {
  if (!('to' in rule) || !rule.enabled) return [];
  const required = new Set(
    rule.to.flatMap(({ destination, need }) => (need === 'required' ? [destination] : [])),
  );
  return destinations
    .filter(({ id, isPrimary, need }) => !isPrimary && need === 'required' && !required.has(id))
    .map(({ name }) => name);
}

/** The rules that take precedence over the destinations' own settings. */
export const decidingRules = (rules: readonly Rule[]): readonly DecidingRule[] =>
  rules
    .filter(({ enabled }) => enabled)
    .map((rule) => ({
      name: rule.name,
      to: 'to' in rule ? rule.to.map(({ destination }) => destination) : [],
    }));

/** `to`: the ids of the destinations, besides the primary one, that get the studies taken by the rule. */
export type DecidingRule = { readonly name: string; readonly to: readonly string[] };

/** The names of the rules that send studies to a destination, and the names of the others, each in order. */
export function sendersTo({ id }: { readonly id: string }, rules: readonly DecidingRule[]) {
  const namesOf = (isSender: boolean) =>
    rules.filter(({ to }) => to.includes(id) === isSender).map(({ name }) => name);
  return { senders: namesOf(true), others: namesOf(false) };
}

const typedCoercion = (coerce: Coercion = {}): TypedCoercion => ({
  institution: coerce.institution ?? '',
  issuer: coerce.issuer ?? '',
  accessionPrefix: coerce.accessionPrefix ?? '',
});

type ReadRule =
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

/** `others`: the names of the other rules of this kind. */
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
