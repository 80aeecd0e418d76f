/**
 * The finding in sentences made only of measured numbers and the text of the card: how reliable the model is, which
 * lung the map marks and how much of it, and what the model cannot see. They describe the model, not the patient.
 */
import { z } from 'zod';
import type { Population } from './model.ts';
import type { ModelCard } from './card.ts';
import type { MarkedLungs } from './lung-fields.ts';

const testMeasuresSchema = z.looseObject({
  test: z.looseObject({ images: z.number(), sensitivity: z.number(), specificity: z.number() }),
});

interface Measured {
  readonly score: number;
  readonly threshold: number;
  readonly probabilities: readonly { readonly name: string; readonly probability: number }[];
  readonly marked: MarkedLungs | null;
}

/** Why the model gives no answer. */
export function rationaleOfSilence(
  image: { readonly kind: string; readonly probability: number },
  isChestFilm: boolean,
  isTurned: boolean,
  card: ModelCard,
): string[] {
  if (isTurned)
    return ['This chest film is turned or inverted. The model would misjudge it, so it gives no score.'];
  if (!isChestFilm) {
    const said = `${image.kind}, ${percent(image.probability)}`;
    return [
      image.kind === 'CXR'
        ? `This may be a chest film, but that is not certain enough (${said}). The model gives no score.`
        : `This is not a chest film (most likely ${said}). The model gives no score.`,
    ];
  }
  return [
    `The model was not made for this patient group or image, so it gives no score. ${card.limits[0] ?? ''}`.trim(),
  ];
}

export function rationaleOf(
  { score, threshold, probabilities, marked }: Measured,
  population: Population,
  card: ModelCard,
): string[] {
  const isPositive = score >= threshold;
  const classes = probabilities.map(({ name, probability }) => `${name} ${percent(probability)}`).join(', ');
  return [
    `Score ${figure(score)}, ${isPositive ? 'at or above' : 'below'} the threshold of ${figure(threshold)}: ${classes}.`,
    ...sureness(card, threshold),
    ...(isPositive && marked ? markedSentences(marked) : []),
    ...(population === 'unknown'
      ? [
          'It is not known whether the model was made for this patient group: age, body part or view are not known.',
        ]
      : []),
    `Limits: ${card.limits.join(' ')}`,
  ];
}

/** How often the model is right at the card's own threshold. No other threshold was measured. */
function sureness(card: ModelCard, threshold: number): string[] {
  const measures = testMeasuresSchema.safeParse(card.measures);
  if (!measures.success || threshold !== card.threshold) return [];
  const { images, sensitivity, specificity } = measures.data.test;
  return [
    `In a test on ${images} films not used for training, ${percent(sensitivity)} of films with the finding reached this threshold, and ${percent(1 - specificity)} of films without it.`,
  ];
}

function markedSentences({ right, left, inside }: MarkedLungs): string[] {
  if (inside === null) return [];
  const lungs = [
    ...(right === null ? [] : [{ name: 'right lung', marked: right }]),
    ...(left === null ? [] : [{ name: 'left lung', marked: left }]),
  ].sort((one, other) => other.marked - one.marked);
  const touched = lungs.filter(({ marked }) => marked >= 0.01);
  const where =
    touched.length === 0
      ? 'The map marks neither lung.'
      : `The map marks ${touched.map(({ name, marked }) => `${percent(marked)} of the ${name}`).join(' and ')}.`;
  const outside =
    inside < 0.5
      ? [
          `${percent(1 - inside)} of the marked area is outside the lungs, so the score may not be based on the lungs.`,
        ]
      : [];
  return [where, ...outside];
}

function percent(value: number): string {
  return `${Math.round(100 * value)} %`;
}

function figure(value: number): string {
  return value.toFixed(3);
}
