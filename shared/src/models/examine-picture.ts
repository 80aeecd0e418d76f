/**
 * The complete examination of one picture: gate, film check, lungs, population, score, maps, sentences. The gate comes
 * first: a picture that is not an upright chest film, or lies outside the model's population, gets no score. This code
 * knows no runtime, file or network, and rethrows errors of the models.
 */
import type { GreyPicture } from '../pixels/picture.ts';
import type { ExplanationMethod, Finding } from '../protocol/inference.ts';
import { CARDS, type ModelCard } from './card.ts';
import { filmMarks, type FilmMark } from './film.ts';
import { imageKind, type ImageKind } from './image-kind.ts';
import { integratedGradients, type Attributions } from './integrated-gradients.ts';
import {
  fractionOf,
  lungFields,
  lungsOfTurned,
  markedLungs,
  type LungFields,
  type MarkedLungs,
} from './lung-fields.ts';
import type { ModelId, Population, RunModel } from './model.ts';
import { CAM_SIDE, scorePneumonia, type PneumoniaScore } from './pneumonia.ts';
import { rationaleOf, rationaleOfSilence } from './rationale.ts';

/** If a model is missing, its part is left out and the finding says so. Without the gate there is no finding. */
export type Models = { readonly 'image-kind': RunModel } & { readonly [id in ModelId]?: RunModel };

interface Subject {
  readonly picture: GreyPicture;
  /** From the original header (`populationOf`, or as the device reported it); `unknown` for a PNG or JPEG. */
  readonly population: Population;
  /** From the header (`isMirrored`): the patient's right lung is on the picture's right. */
  readonly isMirrored?: boolean;
}

export interface ExamineOptions {
  /** A threshold to use instead of the card's. */
  readonly threshold?: number;
  /** The requested explanations. `integrated-gradients` takes some hundred milliseconds and is made only on request. */
  readonly explain?: readonly ExplanationMethod[];
  readonly steps?: number;
  readonly signal?: AbortSignal;
  /** Cards of activated versions; absent: the built-in ones. */
  readonly cards?: { readonly [id in ModelId]?: ModelCard };
}

export interface Examination {
  /** The finding without its model and input, because the caller knows both. */
  readonly finding: Omit<Finding, 'model' | 'input'>;
  readonly maps: {
    /** A map of the evidence for pneumonia, 20 × 20. */
    readonly cam: Float32Array | null;
    readonly attributions: Attributions | null;
    readonly lungs: LungFields | null;
    readonly film: readonly FilmMark[];
  };
}

const DEFAULT_EXPLANATIONS: readonly ExplanationMethod[] = ['image', 'cam', 'lung-fields'];

export async function examinePicture(
  subject: Subject,
  models: Models,
  options: ExamineOptions = {},
): Promise<Examination> {
  const { picture, population } = subject;
  const { signal, explain = DEFAULT_EXPLANATIONS } = options;
  const cards = { ...CARDS, ...options.cards };
  const kind = await imageKind(picture, models['image-kind'], signal, cards['image-kind']);
  const find = (film: GreyPicture) =>
    lungsOf({ ...subject, picture: film }, models, cards['lung-fields'], signal);
  const lungs = kind.isChestFilm ? await find(picture) : null;
  const film = filmMarks(picture, kind, lungs ?? (await lungsOfTurned(picture, kind.turn, find)));
  const isSilent = !kind.isChestFilm || population === 'outside';
  const scored =
    !isSilent && models.pneumonia
      ? await scorePneumonia(picture, models.pneumonia, signal, cards.pneumonia)
      : null;
  const gradient =
    scored && explain.includes('integrated-gradients') ? models['pneumonia-gradient'] : undefined;
  const card = cards['pneumonia-gradient'];
  const attributions = gradient
    ? await integratedGradients(picture, gradient, { steps: options.steps, signal, card })
    : null;
  const threshold = options.threshold ?? cards.pneumonia.threshold ?? 0.5;
  const seen: Seen = { kind, population, film, lungs, isSilent, scored, attributions };
  return {
    finding: findingOf(seen, cards.pneumonia, threshold, explain),
    maps: { cam: scored?.map ?? null, attributions, lungs, film },
  };
}

/** What the models said about one picture. */
interface Seen {
  readonly kind: ImageKind;
  readonly population: Population;
  readonly film: readonly FilmMark[];
  readonly lungs: LungFields | null;
  /** The pneumonia model is not run. */
  readonly isSilent: boolean;
  readonly scored: PneumoniaScore | null;
  readonly attributions: Attributions | null;
}

async function lungsOf(
  { picture, isMirrored = false }: Subject,
  models: Models,
  card: ModelCard,
  signal: AbortSignal | undefined,
): Promise<LungFields | null> {
  if (!models['lung-fields']) return null;
  const found = await lungFields(picture, models['lung-fields'], signal, card);
  return isMirrored ? { ...found, right: found.left, left: found.right } : found;
}

function findingOf(
  seen: Seen,
  card: ModelCard,
  threshold: number,
  explain: readonly ExplanationMethod[],
): Examination['finding'] {
  const { kind, population, film, lungs, scored, attributions } = seen;
  const marked = scored && lungs ? markedLungs(scored.map, CAM_SIDE, lungs) : null;
  const available: Readonly<Record<ExplanationMethod, boolean>> = {
    image: true,
    cam: scored !== null,
    'integrated-gradients': attributions !== null,
    'lung-fields': lungs !== null,
  };
  return {
    image: { kind: kind.kind, probability: kind.probability },
    population,
    film: film.map(({ finding }) => finding),
    ...answerOf(scored, threshold),
    lungs: lungs && describeLungs(lungs, marked),
    explanations: explain.filter((method) => available[method]),
    completeness: attributions && { sum: attributions.sum, difference: attributions.difference },
    rationale: sentencesOf(seen, card, threshold, marked),
    limits: card.limits,
    warnings: [
      ...whySilent(kind, population),
      ...missingParts(seen),
      ...film.map(({ finding }) => `film-${finding}`),
    ],
    intendedUse: card.intendedUse,
  };
}

function sentencesOf(
  { kind, population, isSilent, scored }: Seen,
  card: ModelCard,
  threshold: number,
  marked: MarkedLungs | null,
): string[] {
  if (scored) {
    const { score, probabilities } = scored;
    return rationaleOf({ score, threshold, probabilities, marked }, population, card);
  }
  return isSilent ? rationaleOfSilence(kind, kind.isChestFilm, kind.turn !== null, card) : [];
}

/** Warnings for models that were needed but are not available. */
function missingParts({ kind, lungs, isSilent, scored }: Seen): string[] {
  return [
    ...(lungs || !kind.isChestFilm ? [] : ['lung-fields-not-available']),
    ...(scored || isSilent ? [] : ['pneumonia-not-available']),
  ];
}

function answerOf(
  scored: PneumoniaScore | null,
  threshold: number,
): Pick<Finding, 'probabilities' | 'score' | 'threshold' | 'positive' | 'camPeak'> {
  if (!scored) return { probabilities: null, score: null, threshold: null, positive: null, camPeak: null };
  const { probabilities, score, camPeak } = scored;
  return {
    probabilities: [...probabilities],
    score,
    threshold,
    positive: score >= threshold,
    camPeak: [...camPeak],
  };
}

function describeLungs(lungs: LungFields, marked: MarkedLungs | null): NonNullable<Finding['lungs']> {
  const one = (side: 'right' | 'left') => ({
    fraction: fractionOf(lungs[side]),
    marked: marked?.[side] ?? null,
  });
  return { fraction: lungs.fraction, right: one('right'), left: one('left') };
}

/** Why the models do not answer. `population-unknown` does not stop them, but is reported. */
function whySilent(kind: { readonly isChestFilm: boolean }, population: Population): string[] {
  if (!kind.isChestFilm) return ['not-a-chest-film'];
  return population === 'inside'
    ? []
    : [population === 'outside' ? 'outside-population' : 'population-unknown'];
}
