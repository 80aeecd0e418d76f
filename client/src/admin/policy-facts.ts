/** A policy in words, and what differs between two of its versions. Pure. */
import type { Policy } from '#shared/protocol/api.ts';
import type { AdminPolicy } from '#shared/protocol/policy.ts';
import { feedsVault } from '#shared/protocol/feeds-vault.ts';
import { kitWords } from '../kit/kit-words.ts';
import { policiesWords as words, SETTINGS, type PolicyField, type PolicyOption } from './policies-words.ts';

/** An administrator's policy or a built-in one, of any version. */
export type AnyPolicy = Omit<Policy, 'version'>;

type Fact = { readonly field: PolicyField; readonly label: string; readonly value: string };
type Difference = { readonly label: string; readonly before: string; readonly after: string };

const SETTING_NAMES = Object.keys(SETTINGS) as readonly (keyof typeof SETTINGS)[];

/** What a policy does, in a few words. */
export const summaryOf = ({ deidentify, options }: AnyPolicy): string => {
  if (!deidentify) return words.keeps;
  return options.length === 0 ? words.removes : words.removesBut(options.length);
};

export function stateOf({ builtIn, inForce }: Pick<AdminPolicy, 'builtIn' | 'inForce'>): string {
  if (builtIn) return words.states.builtIn;
  return inForce === null ? words.states.withdrawn : words.states.inForce;
}

export const rolesOf = ({ roles }: AnyPolicy): string =>
  roles.map((role) => kitWords.roles[role]).join(kitWords.separator);

/** `0008,1030 keep`, a line each. */
export const linesOf = (attributes: Readonly<Record<string, string>> = {}): readonly string[] =>
  Object.entries(attributes).map(([tag, action]) => `${tag.slice(0, 4)},${tag.slice(4)} ${action}`);

/** The setting of a policy, which is the usual one where the policy has none. */
export function settingOf(policy: AnyPolicy, name: keyof typeof SETTINGS): string {
  const { rules, patientDomain, pseudonyms } = policy;
  const own: Readonly<Record<string, unknown>> = { ...rules, patientDomain, pseudonyms };
  return String(own[name] ?? Object.keys(SETTINGS[name])[0]);
}

/** Everything that the policy says, with the usual values of what it leaves out. */
export function factsOf(policy: AnyPolicy): readonly Fact[] {
  const { title, description, deidentify } = policy;
  const values: Partial<Record<PolicyField, string>> = {
    ...(title !== undefined && { title }),
    ...(description !== undefined && { description }),
    roles: rolesOf(policy),
    deidentify: deidentify ? words.deidentify.removed : words.deidentify.kept,
    ...(deidentify ? removing(policy) : keeping(policy)),
  };
  return (Object.entries(values) as [PolicyField, string][]).map(([field, value]) => ({
    field,
    label: words.fields[field],
    value,
  }));
}

const said = (is: boolean | undefined): string => (is === true ? words.yes : words.no);
const listed = (all: readonly string[]): string => all.join(kitWords.separator) || words.none;

const keeping = ({ strict, asksReason }: AnyPolicy): Partial<Record<PolicyField, string>> => ({
  strict: said(strict),
  asksReason: said(asksReason),
});

function removing(policy: AnyPolicy): Partial<Record<PolicyField, string>> {
  const { options, rules, key = 1 } = policy;
  const settings = SETTING_NAMES.map((name) => {
    const value = settingOf(policy, name);
    return [name, (SETTINGS[name] as Readonly<Record<string, string>>)[value] ?? value] as const;
  });
  return {
    options: listed(options.map((option) => words.options[option as PolicyOption] ?? option)),
    attributes: listed(linesOf(rules?.attributes)),
    ...Object.fromEntries(settings),
    key: String(key),
    vault: said(feedsVault(policy)),
  };
}

/** What changed from one version to the next. A fact that only one of them has counts as a change. */
export function differencesOf(before: AnyPolicy, after: AnyPolicy): readonly Difference[] {
  const earlier = valuesOf(before);
  const later = valuesOf(after);
  return [...new Set([...later.keys(), ...earlier.keys()])].flatMap((label) => {
    const was = earlier.get(label) ?? words.none;
    const is = later.get(label) ?? words.none;
    return was === is ? [] : [{ label, before: was, after: is }];
  });
}

const valuesOf = (policy: AnyPolicy): ReadonlyMap<string, string> =>
  new Map(factsOf(policy).map(({ label, value }) => [label, value]));
