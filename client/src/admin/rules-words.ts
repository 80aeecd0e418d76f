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
        ? 'It is switched off. The study meets its conditions.'
        : 'It is switched off. The study doesn’t meet its conditions either.';
    case 'earlier':
      return `“${because.rule}” comes first.`;
    case 'condition': {
      const { condition, has, wants } = because;
      const wanted = inWords(wants, 'or');
      if (has.length === 0) return `The ${named[condition]} is not known, and the rule asks for ${wanted}.`;
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
    'Rules send studies to further destinations, let models look at them, and open cases about them. A new rule counts for studies that come after it was saved.',
  kinds: {
    forwarding: {
      title: 'Where studies go',
      what: 'Every study goes to the primary destination. The first rule that fits a study decides where else it goes. Where none fits, the setting of each destination holds.',
      none: none('No rule yet: each destination gets new studies as its own setting says.'),
    },
    inference: {
      title: 'Models that look',
      what: 'Every rule that fits an image starts its models once the study is in the PACS.',
      none: none('No rule yet: models look only at the sample study, and at what somebody asks for.'),
    },
    cases: {
      title: 'Cases that are opened',
      what: 'Every rule that fits a study opens a case about it, once, in the name of the administrator who saved the rule. The body part is not known here.',
      none: none('No rule yet: cases are opened by people.'),
    },
  } satisfies Record<RuleKind, unknown>,
  add: 'Add a rule',
  addOf: {
    forwarding: 'Add a rule for where studies go',
    inference: 'Add a rule for models',
    cases: 'Add a rule for cases',
  } satisfies Record<RuleKind, string>,
  /** The position of a rule in the list; the first rule that matches takes a study. */
  order: (place: number, of: number) => `Asked as number ${place} of ${of}`,
  on: 'Switched on',
  of: (action: string, name: string) => `${action} ${name}`,
  up: 'Move up',
  down: 'Move down',
  change: 'Change',
  remove: 'Remove',
  askRemove: (name: string) => ({
    title: `Remove “${name}”?`,
    about: '',
    what: 'Studies that were sent stay where they are. To keep the rule for later, switch it off instead.',
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
  goneDestination: 'a destination that is gone',
  primaryAlone: 'The primary destination alone',
  form: {
    add: 'Add a rule',
    change: (name: string) => `Change “${name}”`,
    name: 'Name',
    when: 'Which studies',
    whenWhat: 'Leave empty what does not matter. Separate values with commas; * stands for any text.',
    filmsWhat: 'Without a modality the rule means CR and DX.',
    conditions,
    hints: {
      modality: 'For example CT, MR',
      sopClass: 'For example 1.2.840.10008.5.1.4.1.1.2',
      bodyPart: 'For example CHEST, ABD*',
      description: 'One per line, for example *thorax*. Not known where names are removed.',
    } as Readonly<Partial<Record<Condition, string>>>,
    noSuch: (condition: Condition, value: string) =>
      `This site has no ${named[condition]} “${value}”: the rule waits until there is one.`,
    to: 'Where they go, besides the primary destination',
    noDestinations: 'There is no other destination yet. Add one under Destinations.',
    needs: {
      none: 'Do not go there',
      also: 'Also go there; nobody waits for it',
      required: 'Must arrive there before they count as in the PACS',
    } satisfies Record<Need | 'none', string>,
    coercion: (name: string) => `Values that ${name} wants`,
    coercionWhat:
      'Written only where names are kept. The instance records the values before, and receipts name both digests.',
    coerced: {
      institution: 'Institution Name',
      issuer: 'Issuer of Patient ID',
      accessionPrefix: 'Before the Accession Number',
    } satisfies Record<CoercedAttribute, string>,
    models: 'Models that look at them',
    priority: 'Priority of their jobs (−100 to 100)',
    askLeaveOut: (names: readonly string[]) => ({
      title: `Save it without ${inWords(names, 'and')}?`,
      what: `Studies that this rule takes no longer have to arrive at ${inWords(names, 'and')}, which must have all studies by ${names.length === 1 ? 'its own setting' : 'their own settings'}.`,
      yes: 'Save all the same',
      no: 'Back to the rule',
    }),
    mistakes: {
      name: 'Give the rule a name of at most 64 characters that no other rule has.',
      models: 'Choose at least one model, and at most eight.',
      coercion: 'Enter at most 64 characters without a backslash; before the accession number at most 8.',
      priority: 'Enter a whole number from −100 to 100.',
      values: (condition: Condition) =>
        `${conditions[condition]}: at most 32 values of at most 64 characters each.`,
    },
  },
  dryRun: {
    title: 'Try the rules',
    what: 'Says which rule takes a study, and why the others do not. Nothing is sent.',
    which: 'Rules',
    study: 'A study that was sent',
    noStudy: 'None: only what is written below',
    attributes: 'The study',
    value: (condition: Condition, has: readonly string[]) =>
      `${conditions[condition]}: ${has.length === 0 ? 'not known' : inWords(has, 'and')}`,
    attributesWhat:
      'The gateway does not keep its body part and its description: fill them in if a rule asks for them.',
    submit: 'Try',
    trying: 'Trying…',
    taken: (rule: string, to: readonly string[]) => `Goes to ${inWords(to, 'and')}, because of “${rule}”.`,
    own: (to: readonly string[]) =>
      to.length === 0
        ? 'No rule takes it, and there is no destination.'
        : `No rule takes it. Goes to ${inWords(to, 'and')}, by the setting of each destination.`,
    models: (models: readonly string[]) =>
      models.length === 0 ? 'No model looks at it.' : `Looked at by ${inWords(models, 'and')}.`,
    noRules: 'There is no rule of this kind.',
    takes: 'Takes it.',
    because: reasonOf,
  },
} as const;
