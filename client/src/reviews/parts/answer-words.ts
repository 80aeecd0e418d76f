/** Puts answers into the words of their form. */
import {
  splitAnswers,
  type Answers,
  type ReviewField,
  type ReviewForm,
} from '#shared/protocol/review-forms.ts';
import { typedSaid } from '../../kit/identities.ts';
import { reviewWords } from './review-words.ts';

const words = reviewWords.sides;

export function answerWords(field: ReviewField, answer: string | number | undefined): string {
  if (answer === undefined) return words.none;
  if (field['x-field'] === 'radio')
    return field.oneOf.find((option) => option.const === answer)?.title ?? `${answer}`;
  if (field['x-field'] === 'text') return typedSaid(`${answer}`);
  return field['x-field'] === 'measurement' ? `${answer} ${field['x-unit']}` : `${answer}`;
}

/** Chosen answers that say whether there is a finding, in the words of the form. */
export const saidIn = ({ properties }: ReviewForm, answers: Answers): string =>
  Object.entries(properties)
    .filter(([, field]) => field['x-field'] === 'radio' && (field['x-positive'] ?? field['x-negative']))
    .map(([name, field]) => answerWords(field, answers[name]))
    .join(reviewWords.separator);

/** The answers about a finding; if there are none, whatever was chosen or measured. */
export const shortAnswers = (form: ReviewForm, answers: Answers): string => {
  const said = saidIn(form, answers);
  if (said !== '') return said;
  const { coded } = splitAnswers(form, answers);
  return Object.entries(form.properties)
    .filter(([name]) => Object.hasOwn(coded, name))
    .map(([name, field]) => answerWords(field, coded[name]))
    .join(reviewWords.separator);
};
