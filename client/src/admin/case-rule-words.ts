/** The words of rules that open cases. */
import type { CasePriority } from '#shared/protocol/cases.ts';
import type { CaseOccasion } from '#shared/protocol/rule.ts';

const occasions = {
  delivered: 'A study is delivered',
  finding: 'A model finds something',
  disagreement: 'The device and the gateway disagree',
} satisfies Record<CaseOccasion, string>;
const priorities = { urgent: 'Urgent', high: 'High', routine: 'Routine', low: 'Low' } satisfies Record<
  CasePriority,
  string
>;

export const caseRuleWords = {
  legend: 'The case',
  occasion: 'Opened when',
  occasions,
  unexamined: 'No rule lets a model look at studies.',
  unexaminedWhat:
    'This rule opens cases only for studies that people let a model look at. Add a rule for models on this page to have studies examined as they arrive.',
  title: 'Title of the case',
  titleWhat: 'The rule is kept in the clear: write nothing about a patient.',
  priority: 'Priority of the case',
  priorities,
  tags: 'Tags, separated by commas',
  review: 'Review that is opened with it',
  noReview: 'None',
  reviewWhat:
    'Reviews that hide findings are not offered: that there is such a case tells readers what a model found.',
  opens: (occasion: CaseOccasion, title: string, priority: CasePriority) =>
    `${occasions[occasion]}: “${title}” (${priorities[priority].toLowerCase()})`,
  notYet: {
    delivered: 'The study is not delivered yet.',
    finding: 'No model found anything in it.',
    disagreement: 'The device and the gateway do not disagree about it.',
  } satisfies Record<CaseOccasion, string>,
  notExamined: 'No model has looked at the study yet.',
  done: 'It has opened a case for this study before.',
  tried: (titles: readonly string[]) =>
    titles.length === 0
      ? 'No case is opened.'
      : `Opens ${titles.map((title) => `“${title}”`).join(' and ')}.`,
  mistakes: {
    title: 'Give the case a title of at most 200 characters.',
    tags: 'Enter at most 10 tags of at most 40 characters each.',
  },
} as const;
