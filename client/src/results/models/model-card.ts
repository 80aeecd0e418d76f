/** Converts a card for display. Only the known fields appear, each as a few short lines. */
import { measureSaid } from './measure-words.ts';
import { resultWords } from '../parts/result-words.ts';

type Fields = Readonly<Record<string, unknown>>;
type CardFact = { readonly name: string; readonly lines: readonly string[] };

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const textsOf = (value: unknown): readonly string[] =>
  [value].flat().filter((each): each is string => typeof each === 'string');

/** Measures are named numbers, grouped by test. */
function measuresOf(value: unknown, group = ''): readonly string[] {
  if (!isFields(value)) return [];
  return Object.entries(value).flatMap(([name, measure]) => {
    const title = [group, name.replaceAll('_', ' ')].filter(Boolean).join(', ');
    if (typeof measure === 'number') return measureSaid(title, measure) ?? [];
    return measuresOf(measure, title);
  });
}

function populationOf(value: unknown): readonly string[] {
  if (!isFields(value)) return [];
  const { ageYears, bodyPart, view } = value;
  return [
    ...(Array.isArray(ageYears) && ageYears.every((age) => typeof age === 'number')
      ? [resultWords.models.ages(ageYears.join('–'))]
      : []),
    ...textsOf(bodyPart),
    ...(textsOf(view).length > 0 ? [textsOf(view).join(', ')] : []),
  ];
}

export function cardFacts(card: Fields): readonly CardFact[] {
  const said = resultWords.models;
  const facts = [
    { name: said.use, lines: [...textsOf(card['intendedUse']), ...textsOf(card['use'])] },
    { name: said.population, lines: populationOf(card['population']) },
    { name: said.limits, lines: textsOf(card['limits']) },
    { name: said.measures, lines: measuresOf(card['measures']) },
    { name: said.data, lines: textsOf(card['data']) },
    { name: said.licence, lines: textsOf(card['licence']) },
  ];
  return facts.filter(({ lines }) => lines.length > 0);
}
