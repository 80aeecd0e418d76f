/**
 * The whole look at one picture: gate, film check, lungs, population, score, maps, sentences. The gate comes
 * first: a picture that is no upright chest film, or lies outside the model's population, gets no score. It
 * knows no runtime, no file and no network; it rethrows errors of the models.
 */
import type { GreyPicture } from '../pixels/picture.ts';
import type { ExplanationMethod, Finding } from '../protocol/inference.ts';
import { CARDS, type ModelCard } from './card.ts';
import { filmMarks, type FilmMark } from './film.ts';
import { imageKind } from './image-kind.ts';
import { integratedGradients, type Attributions } from './integrated-gradients.ts';
import { fractionOf, lungFields, markedLungs, type LungFields, type MarkedLungs } from './lung-fields.ts';
import type { ModelId, Population, RunModel } from './model.ts';
import { CAM_SIDE, scorePneumonia, type PneumoniaScore } from './pneumonia.ts';
import { rationaleOf, rationaleOfSilence } from './rationale.ts';

/** Without a model its part is left out, and the finding says so; without the gate there is no finding. */
export type Models = { readonly 'image-kind': RunModel } & { readonly [id in ModelId]?: RunModel };

export interface Subject {
  readonly picture: GreyPicture;
  /** By the original header (`populationOf`, or the device's word); `unknown` for a PNG or JPEG. */
  readonly population: Population;
  /** By its header (`isMirrored`): the patient's right lung is on the picture's right. */
  readonly isMirrored?: boolean;
}

export interface ExamineOptions {
  /** Another threshold than the card's. */
  readonly threshold?: number;
  /**
   * The requested explanations; `integrated-gradients` takes some hundred milliseconds and is made only if
   * named.
   */
  readonly explain?: readonly ExplanationMethod[];
  readonly steps?: number;
  readonly signal?: AbortSignal;
  /** Of an activated version; the product's own where absent. */
  readonly cards?: { readonly [id in ModelId]?: ModelCard };
}

export interface Examination {
  /** A finding without its model and input: the caller knows both. */
  readonly finding: Omit<Finding, 'model' | 'input'>;
  readonly maps: {
    /** The evidence for pneumonia, 20 × 20. */
    readonly cam: Float32Array | null;
    readonly attributions: Attributions | null;
    readonly lungs: LungFields | null;
    readonly film: readonly FilmMark[];
  };
}

const DEFAULT_EXPLANATIONS: readonly ExplanationMethod[] = ['image', 'cam', 'lung-fields'];

export async function examinePicture(
  { picture, population, isMirrored = false }: Subject,
  models: Models,
  options: ExamineOptions = {},
): Promise<Examination> {
  const { signal, explain = DEFAULT_EXPLANATIONS } = options;
  const cards = { ...CARDS, ...options.cards };
  const kind = await imageKind(picture, models['image-kind'], signal, cards['image-kind']);
  const found =
    kind.isChestFilm && models['lung-fields']
      ? await lungFields(picture, models['lung-fields'], signal, cards['lung-fields'])
      : null;
  const lungs = found && isMirrored ? { ...found, right: found.left, left: found.right } : found;
  const film = filmMarks(picture, kind, lungs);
  const isSilent = !kind.isChestFilm || population === 'outside';
  const scored =
    !isSilent && models.pneumonia
      ? await scorePneumonia(picture, models.pneumonia, signal, cards.pneumonia)
      : null;
  const gradient =
    scored && explain.includes('integrated-gradients') ? models['pneumonia-gradient'] : undefined;
  const attributions = gradient
    ? await integratedGradients(picture, gradient, {
        steps: options.steps,
        signal,
        card: cards['pneumonia-gradient'],
      })
    : null;
  const marked = scored && lungs ? markedLungs(scored.map, CAM_SIDE, lungs) : null;
  const threshold = options.threshold ?? cards.pneumonia.threshold ?? 0.5;
  const image = { kind: kind.kind, probability: kind.probability };
  const available: Readonly<Record<ExplanationMethod, boolean>> = {
    image: true,
    cam: scored !== null,
    'integrated-gradients': attributions !== null,
    'lung-fields': lungs !== null,
  };
  const missing = [
    ...(lungs || !kind.isChestFilm ? [] : ['lung-fields-not-available']),
    ...(scored || isSilent ? [] : ['pneumonia-not-available']),
  ];
  return {
    finding: {
      image,
      population,
      film: film.map(({ finding }) => finding),
      ...answerOf(scored, threshold),
      lungs: lungs && describeLungs(lungs, marked),
      explanations: explain.filter((method) => available[method]),
      completeness: attributions && { sum: attributions.sum, difference: attributions.difference },
      rationale: scored
        ? rationaleOf(
            { score: scored.score, threshold, probabilities: scored.probabilities, marked },
            population,
            cards.pneumonia,
          )
        : isSilent
          ? rationaleOfSilence(image, kind.isChestFilm, kind.turn !== null, cards.pneumonia)
          : [],
      limits: cards.pneumonia.limits,
      warnings: [...whySilent(kind, population), ...missing, ...film.map(({ finding }) => `film-${finding}`)],
      intendedUse: cards.pneumonia.intendedUse,
    },
    maps: { cam: scored?.map ?? null, attributions, lungs, film },
  };
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

/** `population-unknown` silences nobody, but is to be known. */
function whySilent(kind: { readonly isChestFilm: boolean }, population: Population): string[] {
  if (!kind.isChestFilm) return ['not-a-chest-film'];
  return population === 'inside'
    ? []
    : [population === 'outside' ? 'outside-population' : 'population-unknown'];
}
