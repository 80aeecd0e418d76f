/**
 * Classifies findings into the kinds that the page has texts for: above or below the threshold, marked, or
 * without an answer and why. Numbers come from the gateway; nothing is judged here.
 */
import { modalitiesOf } from '#shared/dicom/modalities-of.ts';
import type { User } from '#shared/protocol/api.ts';
import {
  CORRECTIONS,
  IMAGE_KINDS,
  type Finding,
  type Result,
  type ResultPreview,
} from '#shared/protocol/inference.ts';
import type { Positive } from '#shared/protocol/review-judgement.ts';
import { isAgainst, saidBy } from '#shared/protocol/verdict-judgement.ts';
import { formatDicomDate } from '../../kit/format.ts';
import type { IconName } from '../../kit/Icon.tsx';
import { identitySaid, nameSaid } from '../../kit/identities.ts';
import { toReadable } from '../../pipeline/queue/study-title.ts';
import type { Correction, NoAnswer } from './finding-kinds.ts';
import { resultWords } from './result-words.ts';
import { mayVerify } from './result.store.ts';

export type Headline =
  | { readonly kind: 'above' | 'below'; readonly score: number }
  | { readonly kind: 'segmented'; readonly fraction: number }
  | { readonly kind: 'kind'; readonly name: string; readonly probability: number }
  | { readonly kind: 'silent'; readonly because: NoAnswer };

export const SIGNS: Record<Headline['kind'], IconName> = {
  above: 'up',
  below: 'down',
  segmented: 'pacs',
  kind: 'note',
  silent: 'caution',
};

export function headlineOf(finding: Finding): Headline {
  const { score, positive, population, image, lungs, model } = finding;
  if (score !== null && positive !== null) return { kind: positive ? 'above' : 'below', score };
  if (model.id === 'image-kind') return { kind: 'kind', name: image.kind, probability: image.probability };
  if (finding.film.some((film) => film === 'rotated' || film === 'inverted'))
    return { kind: 'silent', because: 'turned' };
  // The gate comes first, because only a chest film is checked against the population.
  if (image.kind !== 'CXR') return { kind: 'silent', because: 'not-a-chest-film' };
  if (finding.warnings.includes('not-a-chest-film'))
    return { kind: 'silent', because: 'perhaps-no-chest-film' };
  if (model.id === 'lung-fields' && lungs !== null) return { kind: 'segmented', fraction: lungs.fraction };
  return { kind: 'silent', because: population === 'outside' ? 'outside-population' : 'no-reason' };
}

/**
 * The name of a model's class or a radiologist's correction, such as "Chest film". An unknown class keeps its own name.
 */
export function className(name: string): string {
  const known: Readonly<Record<string, string>> = resultWords.verdict.findings;
  return known[name] ?? name;
}

/** The patient as the PACS names them, with pseudonyms marked as such. Null: not known, or not for this viewer. */
export function patientOf(preview: Pick<ResultPreview, 'patient'> | null): string | null {
  if (!preview?.patient) return null;
  const { name, id, isPseudonym } = preview.patient;
  const known = [...new Set([nameSaid(name), identitySaid(id)])].filter(Boolean).join(', ');
  if (known === '') return null;
  return isPseudonym ? resultWords.list.pseudonym(known) : known;
}

type Header = Pick<ResultPreview, 'studyDate' | 'bodyPart'> | null;

/**
 * The image of a result as its header describes it: modality, body part and date. Never contains a model's guess or a
 * UID.
 */
export const aboutImage = (finding: Pick<Finding, 'input'>, header: Header): readonly string[] =>
  [...imageSaid(finding, header), studyDateOf(header)].filter((part) => part !== null);

/** The modality and the body part. */
export function imageSaid(
  { input: { sopClassUID } }: Pick<Finding, 'input'>,
  header: Header,
): readonly string[] {
  const modalities = sopClassUID === undefined ? [] : modalitiesOf([sopClassUID]);
  return header?.bodyPart ? [...modalities, toReadable(header.bodyPart)] : modalities;
}

export const studyDateOf = (header: Header): string | null =>
  formatDicomDate(header?.studyDate?.replaceAll('-', ''));

export function titleOf(headline: Headline): string {
  return headline.kind === 'kind'
    ? resultWords.headline.kind(resultWords.looksLike[headline.name] ?? headline.name)
    : resultWords.headline[headline.kind];
}

/** What agreeing means: the score is right, the marks are right, or the model is right to give no answer. */
export function questionOf(finding: Finding): string {
  const { kind } = headlineOf(finding);
  if (kind === 'silent') return resultWords.verdict.askSilent;
  return kind === 'above' || kind === 'below' ? resultWords.verdict.ask : resultWords.verdict.askOther;
}

/** The finding in one line, for a list. */
export function shortOf(headline: Headline): string {
  const { short } = resultWords;
  switch (headline.kind) {
    case 'above':
    case 'below':
      return short[headline.kind](headline.score);
    case 'segmented':
      return short.segmented(headline.fraction);
    case 'kind':
      return short.kind(
        headline.name === 'other' ? short.noKind : className(headline.name),
        headline.probability,
      );
    case 'silent':
      return resultWords.silent[headline.because];
    default:
      return headline satisfies never;
  }
}

export interface Bar {
  readonly name: string;
  readonly probability: number;
  /** The threshold drawn on the bar; null: the model does not use it there. */
  readonly threshold: number | null;
}

/** The score with its threshold first, then the classes in the model's order. */
export function barsOf({ probabilities, score, threshold }: Finding): readonly Bar[] {
  const classes = (probabilities ?? []).map(
    ({ name, probability }): Bar => ({
      name: className(name),
      probability,
      threshold: null,
    }),
  );
  return score === null || threshold === null
    ? classes
    : [{ name: resultWords.bars.score, probability: score, threshold }, ...classes];
}

/** The lines of the rationale without the limits, which have their own place. */
export function reasonsOf({ rationale, limits }: Finding): readonly string[] {
  return rationale.filter((line) => !limits.some((limit) => line.includes(limit)));
}

/**
 * The corrections that a radiologist can choose: the model's other kinds instead of a kind of image, the diagnoses
 * instead of a score, and always the general ones. The model's own answer and anything against a signed review are left
 * out.
 */
export function correctionsOf({ finding, review = null }: Judged): readonly Correction[] {
  const { kind } = headlineOf(finding);
  const isKind = (each: Correction) => IMAGE_KINDS.some((one) => one === each);
  const isGeneral = (each: Correction) => each === 'other' || each === 'not-assessable';
  return CORRECTIONS.filter((each) => {
    if (saidBy(finding).includes(each)) return false;
    if (isAgainst({ verdict: 'correct', finding: each }, finding, review)) return false;
    return isGeneral(each) || (kind === 'kind' ? isKind(each) : kind !== 'segmented' && !isKind(each));
  });
}
type Judged = Pick<Result, 'finding' | 'review'>;
type Told = Pick<Result, 'verification' | 'history' | 'review'>;

/** Whether agreeing is consistent with the signed review of the study. */
export const mayAgree = ({ finding, review = null }: Judged): boolean =>
  !isAgainst({ verdict: 'agree' }, finding, review);

type Side = 'something' | 'nothing' | 'disputed';

export const sideOf = (positive: Positive): Side =>
  positive === null ? 'disputed' : positive ? 'something' : 'nothing';

/** What the signed review of the study says, for a row; null: there is no review, or the verdict says the same. */
export function readingOf({ finding, review, verification }: Judged & Told): Side | null {
  if (!review || finding.positive === null) return null;
  return verification === null || isAgainst(verification, finding, review) ? sideOf(review.positive) : null;
}

/**
 * What radiologists said about the result, for a row. Where signed reviews contradict each other, no side is named: the
 * newest is not more right than the one before.
 */
export function judgedWords(result: Judged & Told): readonly string[] {
  const { verification } = result;
  const { done, review } = resultWords.verdict;
  const side = readingOf(result);
  if (side === 'disputed') return [review.short.disputed];
  const to = verification?.finding ? [className(verification.finding)] : [];
  return [
    ...(verification ? [[done[verification.verdict], ...to].join(': ')] : []),
    ...(side === null ? [] : [review.short[side]]),
  ];
}

/** Whether there is neither a verdict on the result nor a signed review of its study, as far as the viewer may know. */
export const isUnread = ({ verification, history = [], review = null }: Told): boolean =>
  verification === null && history.length === 0 && review === null;

/** Returns "you" for the viewer. Another account appears by name if the gateway tells this viewer its name. */
export function personOf(
  account: { readonly id: string; readonly name: string | undefined },
  viewer: { readonly id: string } | null,
  said: { readonly you: string; readonly other: string },
): string {
  return viewer !== null && account.id === viewer.id ? said.you : (account.name ?? said.other);
}

/** Who gave a verdict. To a radiologist, an account without a name is another radiologist. */
export function judgeOf(
  account: { readonly id: string; readonly name: string | undefined },
  viewer: Pick<User, 'id' | 'roles'> | null,
): string {
  const { you, another, one } = resultWords.verdict;
  return personOf(account, viewer, { you, other: mayVerify(viewer) ? another : one });
}

/** "pneumonia 1.0.0": the model with its version. */
export function modelName({ id, version }: { readonly id: string; readonly version: string }): string {
  return `${id} ${version}`;
}

/** The name of an input for which this device has no name. */
export function inputName({
  studyInstanceUID,
  kind,
}: Pick<Finding['input'], 'studyInstanceUID' | 'kind'>): string {
  if (studyInstanceUID !== undefined) return resultWords.list.study;
  return kind === 'dicom' ? resultWords.loneInstance : resultWords.picture(kind);
}

/** Whether two findings are about the same image, so that they can be compared point by point. */
export function isSameImage(a: Finding, b: Finding): boolean {
  return a.input.digest === b.input.digest && a.input.frame === b.input.frame;
}

/** The results to compare with: of the same image first, then of the same study. */
export function comparable(result: Result, others: readonly Result[]): readonly Result[] {
  const { input } = result.finding;
  const fits = others.filter(
    ({ id, finding }) =>
      id !== result.id &&
      (isSameImage(finding, result.finding) ||
        (input.studyInstanceUID !== undefined && finding.input.studyInstanceUID === input.studyInstanceUID)),
  );
  return fits.toSorted(
    (a, b) => Number(isSameImage(b.finding, result.finding)) - Number(isSameImage(a.finding, result.finding)),
  );
}
