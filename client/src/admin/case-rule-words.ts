/** The words of rules that open cases. */
import type { CasePriority } from '#shared/protocol/cases.ts';
import type { CaseOccasion } from '#shared/protocol/rule.ts';

const occasions = {
  delivered: 'A study is delivered',
  finding: 'A model finds an abnormality',
  disagreement: 'The device and the gateway disagree',
} satisfies Record<CaseOccasion, string>;
const priorities = { urgent: 'Urgent', high: 'High', routine: 'Routine', low: 'Low' } satisfies Record<
  CasePriority,
  string
>;

export const caseRuleWords = {
  legend: 'The case',
  occasion: 'Create when',
  occasions,
  unexamined: 'No rule runs a model on studies.',
  unexaminedWhat:
    'This rule creates cases only for studies on which a person runs a model. To run models on arriving studies, add a rule for models on this page.',
  title: 'Title of the case',
  titleWhat: 'Rules are not encrypted. Do not enter any patient information.',
  priority: 'Priority of the case',
  priorities,
  tags: 'Tags, separated by commas',
  review: 'Also request a review',
  noReview: 'None',
  reviewWhat:
    'Reviews that hide findings cannot be chosen, because the case itself would reveal what a model found.',
  opens: (occasion: CaseOccasion, title: string, priority: CasePriority) =>
    `${occasions[occasion]}: “${title}” (${priorities[priority].toLowerCase()})`,
  notYet: {
    delivered: 'The study is not delivered yet.',
    finding: 'No model found an abnormality in the study.',
    disagreement: 'No disagreement between the device and the gateway is known.',
  } satisfies Record<CaseOccasion, string>,
  notExamined: 'No model has examined the study yet.',
  done: 'The rule already created a case for this study.',
  tried: (titles: readonly string[]) =>
    titles.length === 0
      ? 'No case would be created.'
      : `Creates ${titles.map((title) => `“${title}”`).join(' and ')}.`,
  mistakes: {
    title: 'Enter a case title of at most 200 characters.',
    tags: 'Enter at most 10 tags of at most 40 characters each.',
  },
} as const;
