/** Reads the form of a policy: returns the policy for the gateway, or every field with a mistake. Pure. */
import { policyDocumentSchema, type PolicyDocument } from '#shared/protocol/policy.ts';
import { feedsVault } from '#shared/protocol/feeds-vault.ts';
import type { Mistake } from '../kit/use-form.ts';
import { mistakeOf } from '../kit/trouble.ts';
import { policiesWords, SETTINGS, type PolicyField } from './policies-words.ts';
import { linesOf, settingOf, type AnyPolicy } from './policy-facts.ts';

const words = policiesWords.form;
type Setting = keyof typeof SETTINGS;
const SETTING_NAMES = Object.keys(SETTINGS) as readonly Setting[];

/** The fields as typed and chosen. `attributes` has a line for each element. */
export type TypedPolicy = Readonly<Record<'name' | 'title' | 'description' | 'attributes' | 'key', string>> &
  Readonly<Record<Setting, string>> &
  Readonly<Record<'strict' | 'asksReason' | 'vault', boolean>> & {
    readonly deidentify: 'removed' | 'kept';
    readonly roles: readonly string[];
    readonly options: readonly string[];
  };

type ReadPolicy =
  | { readonly kind: 'policy'; readonly policy: PolicyDocument }
  /** In the order of the fields, at least one. */
  | { readonly kind: 'mistakes'; readonly mistakes: readonly Mistake<PolicyField>[] };

export function toTypedPolicy(policy: AnyPolicy): TypedPolicy {
  const { name, title = '', description = '', rules, key = 1, strict = false, asksReason = false } = policy;
  const settings = SETTING_NAMES.map((each) => [each, settingOf(policy, each)] as const);
  return {
    name,
    title,
    description,
    deidentify: policy.deidentify ? 'removed' : 'kept',
    roles: policy.roles,
    options: policy.options,
    strict,
    asksReason,
    attributes: linesOf(rules?.attributes).join('\n'),
    ...(Object.fromEntries(settings) as Record<Setting, string>),
    key: String(key),
    vault: feedsVault(policy),
  };
}

export function readPolicy(typed: TypedPolicy): ReadPolicy {
  const { attributes, wrongLine } = readAttributes(typed.attributes);
  const removes = typed.deidentify === 'removed';
  const description = typed.description.trim();
  const { success, data, error } = policyDocumentSchema.safeParse({
    name: typed.name.trim(),
    title: typed.title,
    ...(description !== '' && { description }),
    deidentify: removes,
    options: removes ? typed.options : [],
    roles: typed.roles,
    ...(removes ? removing(typed, attributes) : keeping(typed)),
  });
  const isWrong = removes && wrongLine !== null;
  // Whoever may not see identities may not send them either (gateway/src/policies/policies.ts).
  const isOpen = !removes && typed.roles.includes('researcher');
  if (success && !isWrong && !isOpen) return { kind: 'policy', policy: data };
  const wrong = new Set((error?.issues ?? []).map(({ path }) => fieldAt(path)));
  if (isWrong) wrong.add('attributes');
  if (isOpen) wrong.add('roles');
  const mistakes = (Object.keys(words.mistakes) as PolicyField[])
    .filter((field) => wrong.has(field))
    .map((field) => {
      if (field === 'attributes' && wrongLine !== null)
        return { ...mistakeOf(words.wrongLine(wrongLine)), field };
      const said = field === 'roles' && isOpen ? words.researcherKept : words.mistakes[field];
      return { ...mistakeOf(said), field };
    });
  return { kind: 'mistakes', mistakes };
}

/** The field that a path in a policy belongs to. The rules of a policy are fields of the form. */
function fieldAt([first, second]: readonly PropertyKey[]): PolicyField {
  return (first === 'rules' ? second : first) as PolicyField;
}

const keeping = ({ strict, asksReason }: TypedPolicy) => ({
  ...(strict && { strict }),
  ...(asksReason && { asksReason }),
});

function removing(typed: TypedPolicy, attributes: Readonly<Record<string, string>>) {
  const chosen = Object.fromEntries(
    SETTING_NAMES.filter((name) => typed[name] !== Object.keys(SETTINGS[name])[0]).map((name) => [
      name,
      typed[name],
    ]),
  );
  const { patientDomain, pseudonyms, ...settings } = chosen;
  const rules = { ...settings, ...(Object.keys(attributes).length > 0 && { attributes }) };
  const key = typed.key.trim();
  return {
    ...(Object.keys(rules).length > 0 && { rules }),
    ...(patientDomain !== undefined && { patientDomain }),
    ...(pseudonyms !== undefined && { pseudonyms }),
    ...(key !== '1' && { key: /^\d+$/.test(key) ? Number(key) : Number.NaN }),
    ...(typed.vault && { vault: true }),
  };
}

/** A tag as people write it: `0008,1030`, `(0008,1030)` or `00081030`; then an action. */
const LINE = /^\(?([0-9a-f]{4}),?([0-9a-f]{4})\)? +(keep|remove|empty|replace)$/;

/** `wrongLine`: the first line that is not a tag and an action, or whose tag stands above already. */
function readAttributes(text: string) {
  const attributes: Record<string, string> = {};
  for (const line of text.split('\n').map((each) => each.trim())) {
    if (line === '') continue;
    const [, group = '', element = '', action] = LINE.exec(line.toLowerCase()) ?? [];
    const tag = group + element;
    if (action === undefined || tag in attributes) return { attributes, wrongLine: line };
    attributes[tag] = action;
  }
  return { attributes, wrongLine: null };
}
