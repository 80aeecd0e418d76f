/** The words of the page of rules. */
import { none } from '../kit/none.ts';
import { nameCoerced, type CoercedAttribute } from '#shared/protocol/coercion.ts';
import type { Need } from '#shared/protocol/forms.ts';
import type { Condition, RuleKind, Verdict } from '#shared/protocol/rule.ts';
import { caseRuleWords } from './case-rule-words.ts';

/** `last`: the conjunction before the last value. */
const inWords = (values: readonly string[], last: 'and' | 'or'): string =>
  values.length < 2 ? values.join('') : `${values.slice(0, -1).join(', ')} ${last} ${values.at(-1)}`;

const conditions = {
  policy: 'Policy',
  modality: 'Modality',
  sopClass: 'SOP Class (UID)',
  bodyPart: 'Body part',
  device: 'Device (its ID)',
  account: 'Account (user name)',
  description: 'Study description',
} satisfies Record<Condition, string>;
/** For use inside a sentence. */
const named = {
  policy: 'policy',
  modality: 'modality',
  sopClass: 'SOP Class',
  bodyPart: 'body part',
  device: 'device',
  account: 'account',
  description: 'description',
} satisfies Record<Condition, string>;

const needs = { required: 'required', also: 'also', primary: 'primary' } as const;

function reasonOf(because: NonNullable<Verdict['because']>): string {
  switch (because.kind) {
    case 'disabled':
      return because.isMet
        ? 'The rule is turned off. The study meets its conditions.'
        : 'The rule is turned off. The study does not meet its conditions either.';
    case 'earlier':
      return `“${because.rule}” comes first and already applies.`;
    case 'condition': {
      const { condition, has, wants } = because;
      const wanted = inWords(wants, 'or');
      if (has.length === 0) return `The ${named[condition]} is not known. The rule requires ${wanted}.`;
      return `The ${named[condition]} is ${inWords(has, 'and')}, not ${wanted}.`;
    }
    case 'occasion':
      return caseRuleWords.notYet[because.occasion];
    case 'not-examined':
      return caseRuleWords.notExamined;
    case 'done':
      return caseRuleWords.done;
    default:
      return because satisfies never;
  }
}

export const rulesWords = {
  intro:
    'Rules send studies to additional destinations, run models on them and create cases for them. A new rule applies to studies that arrive after it was saved.',
  kinds: {
    forwarding: {
      title: 'Where studies go',
      what: 'Every study is sent to the primary destination. The first rule that matches decides where else a study is sent. If no rule matches, the setting of each destination applies.',
      none: none('No rules yet. The setting of each destination applies.'),
    },
    inference: {
      title: 'Models to run',
      what: 'Every rule that matches an image runs its models when the study is in the PACS.',
      none: none('No rules yet. Models run only on the sample study and when a person requests it.'),
    },
    cases: {
      title: 'Cases to create',
      what: 'Every rule that matches a study creates one case for it, under the name of the administrator who saved the rule. These rules cannot use the body part.',
      none: none('No rules yet. Only people create cases.'),
    },
  } satisfies Record<RuleKind, unknown>,
  add: 'Add a rule',
  addOf: {
    forwarding: 'Add a rule for where studies go',
    inference: 'Add a rule for models',
    cases: 'Add a rule for cases',
  } satisfies Record<RuleKind, string>,
  /** The position of a rule in the list; the first rule that matches takes a study. */
  order: (place: number, of: number) => `Rule ${place} of ${of}, in order of checking`,
  on: 'Turned on',
  of: (action: string, name: string) => `${action} ${name}`,
  up: 'Move up',
  down: 'Move down',
  change: 'Edit',
  remove: 'Remove',
  askRemove: (name: string) => ({
    title: `Remove “${name}”?`,
    about: '',
    what: 'Studies that were already sent are not changed. To keep the rule for later, turn it off instead.',
    yes: 'Remove',
    no: 'Keep',
  }),
  everyStudy: 'Every study',
  everyFilm: 'CR and DX',
  conditionOf: (condition: Condition, values: readonly string[]) =>
    `${conditions[condition]}: ${inWords(values, 'or')}`,
  goesTo: (name: string, need: Need | 'primary', coerced: readonly CoercedAttribute[] = []) =>
    coerced.length === 0
      ? `${name} (${needs[need]})`
      : `${name} (${needs[need]}; changes ${nameCoerced(coerced)})`,
  goneDestination: 'a deleted destination',
  primaryAlone: 'Only the primary destination',
  form: {
    add: 'Add a rule',
    change: (name: string) => `Edit “${name}”`,
    name: 'Name',
    when: 'Which studies',
    whenWhat: 'If a field does not matter, leave it empty. Separate values with commas. Use * for any text.',
    filmsWhat: 'If you enter no modality, the rule applies to CR and DX.',
    conditions,
    hints: {
      modality: 'For example CT, MR',
      sopClass: 'For example 1.2.840.10008.5.1.4.1.1.2',
      bodyPart: 'For example CHEST, ABD*',
      description: 'One per line, for example *thorax*. Not available if names are removed.',
    } as Readonly<Partial<Record<Condition, string>>>,
    noSuch: (condition: Condition, value: string) =>
      `This site has no ${named[condition]} “${value}” yet. The rule applies when there is one.`,
    to: 'Also send to',
    noDestinations: 'There is no other destination yet. Add one under Destinations.',
    needs: {
      none: 'Not sent there',
      also: 'Also sent there, but not required',
      required: 'Required: a study counts as in the PACS only after it arrives there too',
    } satisfies Record<Need | 'none', string>,
    coercion: (name: string) => `Values required by ${name}`,
    coercionWhat:
      'Used only if names are kept. The instance records the original values, and receipts contain the digests before and after the change.',
    coerced: {
      institution: 'Institution Name',
      issuer: 'Issuer of Patient ID',
      accessionPrefix: 'Accession Number prefix',
    } satisfies Record<CoercedAttribute, string>,
    models: 'Models to run',
    priority: 'Priority of the model runs (−100 to 100)',
    askLeaveOut: (names: readonly string[]) => ({
      title: `Save the rule without ${inWords(names, 'and')}?`,
      what: `${inWords(names, 'and')} ${names.length === 1 ? 'is' : 'are'} set to require every study. Studies that match this rule will no longer have to arrive there.`,
      yes: 'Save anyway',
      no: 'Back to the rule',
    }),
    mistakes: {
      name: 'Enter a unique name of at most 64 characters.',
      models: 'Choose 1 to 8 models.',
      coercion: 'Enter at most 64 characters, or 8 for the Accession Number prefix. Do not use a backslash.',
      priority: 'Enter a whole number from −100 to 100.',
      values: (condition: Condition) =>
        `${conditions[condition]}: at most 32 values of at most 64 characters each.`,
    },
  },
  dryRun: {
    title: 'Test the rules',
    what: 'Check which rule applies to a study, and why the others do not. Nothing is sent.',
    which: 'Rules',
    study: 'A study that was sent',
    noStudy: 'None, use only the values below',
    attributes: 'Study values',
    value: (condition: Condition, has: readonly string[]) =>
      `${conditions[condition]}: ${has.length === 0 ? 'not known' : inWords(has, 'and')}`,
    attributesWhat:
      'The gateway does not store the body part and the description. Enter them if a rule uses them.',
    submit: 'Test',
    trying: 'Testing…',
    taken: (rule: string, to: readonly string[]) =>
      `The study would be sent to ${inWords(to, 'and')} because of “${rule}”.`,
    own: (to: readonly string[]) =>
      to.length === 0
        ? 'No rule applies, and there is no destination.'
        : `No rule applies. The study would be sent to ${inWords(to, 'and')}, as set for each destination.`,
    models: (models: readonly string[]) =>
      models.length === 0 ? 'No model would run.' : `Models that would run: ${inWords(models, 'and')}.`,
    noRules: 'There are no rules of this kind.',
    takes: 'This rule applies.',
    because: reasonOf,
  },
} as const;
