/**
 * The cautions that a reader needs before trusting a finding, as sentences that name the model. The page of a result
 * and its report in the PACS both use them, so that neither says more than the other.
 */
import type { FilmFinding, Finding } from '../protocol/inference.ts';

interface Caution {
  readonly title: string;
  readonly what: string;
}

const FILM: Readonly<Record<FilmFinding, Caution>> = {
  rotated: {
    title: 'The film seems rotated',
    what: 'Its orientation is not the one that the model expects.',
  },
  inverted: { title: 'The film seems inverted', what: 'Black and white are swapped.' },
  blurred: { title: 'The film seems blurred', what: 'The patient may have moved.' },
  'lungs-cut-off': { title: 'The lungs are cut off', what: 'Part of them lies outside the film.' },
};

/** Whether the model gives a score. The others give classes or marks, so their lack of a score needs no remark. */
export function givesScore({ id }: { readonly id: string }): boolean {
  return id === 'pneumonia';
}

export function cautionsOf(finding: Finding): readonly Caution[] {
  const { film, warnings } = finding;
  const before = [...whyNoAnswer(finding), ...ofPopulation(finding)];
  return [
    ...before,
    ...(before.length === 0 && givesScore(finding.model) && finding.score === null
      ? [{ title: 'Not scored', what: `${nameOf(finding)} gives no score.` }]
      : []),
    ...film.map((each) => FILM[each]),
    ...(warnings.includes('lung-fields-not-available')
      ? [{ title: 'The lungs are not marked', what: 'The model lung-fields was not available.' }]
      : []),
  ];
}

const nameOf = ({ model }: Pick<Finding, 'model'>): string => `${model.id} ${model.version}`;

function isSilent({ model, probabilities, lungs }: Finding): boolean {
  return probabilities === null && (model.id !== 'lung-fields' || lungs === null);
}

const silence = ({ model }: Finding): string =>
  givesScore(model) ? 'it gives no score' : 'it gives no answer';

/** Models that answer for any kind of image need no caution. */
function whyNoAnswer(finding: Finding): Caution[] {
  const { film, image, warnings } = finding;
  if (!isSilent(finding)) return [];
  if (film.includes('rotated') || film.includes('inverted'))
    return [
      {
        title: 'Rotated or inverted film',
        what: `${nameOf(finding)} would misjudge it, so ${silence(finding)}.`,
      },
    ];
  if (image.kind === 'CXR' && !warnings.includes('not-a-chest-film')) return [];
  return [
    {
      title: image.kind === 'CXR' ? 'Possibly not a chest film' : 'Not a chest film',
      what: `${nameOf(finding)} examines only chest films, so ${silence(finding)}.`,
    },
  ];
}

function ofPopulation(finding: Finding): Caution[] {
  const { population } = finding;
  if (population === 'inside') return [];
  if (population === 'unknown')
    return [
      {
        title: `It is not known whether ${nameOf(finding)} was made for this patient group`,
        what: 'The patient’s age, the body part or the view is not known.',
      },
    ];
  const consequence = isSilent(finding) ? `so ${silence(finding)}` : 'so its answer may be wrong';
  return [
    {
      title: `${nameOf(finding)} was not made for this patient group or image`,
      what: `The age, body part or view in the image header is not one that the model was made for, ${consequence}.`,
    },
  ];
}
