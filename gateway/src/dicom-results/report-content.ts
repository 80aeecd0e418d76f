/**
 * The content tree of the report by TID 1500: its observer (TID 1001, 1004), an image library (TID 1600), one
 * measurement group (TID 1501) per model with its algorithm (TID 4019), and the sentences in words.
 */
import type { SimpleElement } from '#shared/dicom/build-instance.ts';
import type { InstanceIdentifiers } from '#shared/dicom/data-set.ts';
import { SOP_CLASSES } from '#shared/dicom/registry.ts';
import { cautionsOf, givesScore } from '#shared/models/cautions.ts';
import type { ModelRef } from '#shared/models/model.ts';
import {
  CORRECTIONS,
  dcm,
  FILM,
  FINDING_SITE,
  LEFT_LUNG,
  own,
  POPULATIONS,
  probabilityOf,
  QUALITY_FINDING,
  RIGHT_LUNG,
  SCORE,
  type Code,
} from './codes.ts';
import {
  codeValue,
  container,
  imageReference,
  maybe,
  personText,
  percentage,
  textValue,
  uidValue,
  type ContentItem,
} from './content-item.ts';
import {
  imageLibrary,
  imagingMeasurements,
  MEASUREMENT_GROUP,
  measurementReport,
  personObserver,
  tracked,
} from './report-document.ts';
import type { ResultSubject, Verification } from './result-subject.ts';
import { instanceUidOf } from './result-uid.ts';
import {
  deviceUidOf,
  MANUFACTURER_NAME,
  MODEL_NAME,
  reference,
  serialNumberOf,
  sourceReference,
} from './source-modules.ts';

const SOURCE_OF_MEASUREMENT = dcm('121112', 'Source of Measurement');
/** PS3.16 TID 1410: an image that explains what the model saw. */
const VISUAL_EXPLANATION = dcm('130401', 'Visual Explanation');
const ALGORITHM_PARAMETERS = dcm('111002', 'Algorithm Parameters');
const NOTE = {
  rationale: own('RATIONALE', 'Rationale'),
  limit: own('LIMIT', 'Limitation'),
  warning: own('WARNING', 'Warning'),
  use: own('INTENDED-USE', 'Intended use'),
};

const DISPUTED =
  'Signed reviews of this study contradict each other. The verdict above is the newest. It does not count until the ' +
  'study has been read again.';

/** The root container and its content, as elements of the Data Set. */
export function reportTree(
  subject: ResultSubject,
  maps: readonly InstanceIdentifiers[],
  verification: Verification | null,
): SimpleElement[] {
  return measurementReport(observer(subject), [
    imageLibrary([sourceReference(subject)]),
    imagingMeasurements(measurements(subject, maps)),
    container({ value: 'C0034375', scheme: 'UMLS', meaning: 'Qualitative Evaluations' }, [
      ...words(subject),
      ...(verification === null ? [] : verdict(verification)),
    ]),
  ]);
}

/** TID 1001, 1002 and 1004: the observer is a device. */
function observer(subject: ResultSubject): readonly ContentItem[] {
  const context = 'HAS OBS CONTEXT';
  return [
    codeValue(dcm('121005', 'Observer Type'), dcm('121007', 'Device'), context),
    uidValue(dcm('121012', 'Device Observer UID'), deviceUidOf(subject)),
    textValue(dcm('121013', 'Device Observer Name'), 'RelayPACS', context),
    textValue(dcm('121014', 'Device Observer Manufacturer'), MANUFACTURER_NAME, context),
    textValue(dcm('121015', 'Device Observer Model Name'), MODEL_NAME, context),
    textValue(dcm('121016', 'Device Observer Serial Number'), serialNumberOf(subject), context),
  ];
}

/** TID 4019. The digest distinguishes two models that have the same version. */
function algorithm(model: ModelRef, parameters: readonly string[] = []): readonly ContentItem[] {
  const mod = 'HAS CONCEPT MOD';
  return [
    textValue(dcm('111001', 'Algorithm Name'), model.id, mod),
    textValue(dcm('111003', 'Algorithm Version'), model.version, mod),
    ...[`SHA-256 of the model: ${model.digest}`, ...parameters].map((parameter) =>
      textValue(ALGORITHM_PARAMETERS, parameter, mod),
    ),
  ];
}

/** TID 1501: what one model measured on the image. */
function group(
  subject: ResultSubject,
  tracking: string,
  model: readonly ContentItem[],
  found: readonly ContentItem[],
): ContentItem {
  return container(MEASUREMENT_GROUP, [
    ...tracked(tracking, subject.uid('tracking', tracking, instanceUidOf(subject, 'SR'))),
    ...model,
    imageReference(SOURCE_OF_MEASUREMENT, sourceReference(subject)),
    ...found,
  ]);
}

function measurements(subject: ResultSubject, maps: readonly InstanceIdentifiers[]): readonly ContentItem[] {
  const { finding, models } = subject;
  const ofModel = (id: string): readonly ModelRef[] => models.filter((model) => model.id === id);
  const modelOf = (id: string): readonly ContentItem[] => ofModel(id).flatMap((model) => algorithm(model));
  const segmentation = maps.filter(({ sopClassUID }) => sopClassUID !== SOP_CLASSES.SC);
  const heatMaps = maps.filter(({ sopClassUID }) => sopClassUID === SOP_CLASSES.SC);
  const { runtime, insteadOf, ...model } = finding.model;
  const parameters = [
    `Runtime: ${runtime}`,
    ...(insteadOf === undefined ? [] : [`In place of: ${insteadOf.id} ${insteadOf.version}`]),
  ];
  const kind = [
    textValue(own('IMAGE-KIND', 'Kind of image'), finding.image.kind),
    percentage(own('P-IMAGE-KIND', 'Probability of the kind of image'), finding.image.probability),
  ];
  return [
    group(subject, titled('Kind of image', ofModel('image-kind')), modelOf('image-kind'), kind),
    group(subject, titled(givesScore(model) ? 'Score' : 'Answer', [model]), algorithm(model, parameters), [
      ...score(subject),
      ...heatMaps.map((map) => imageReference(VISUAL_EXPLANATION, reference(map))),
    ]),
    ...(finding.lungs === null
      ? []
      : [
          group(subject, titled('Lung fields', ofModel('lung-fields')), modelOf('lung-fields'), [
            ...lungs(finding.lungs),
            ...segmentation.map((map) =>
              imageReference(own('LUNG-FIELDS', 'Segmentation of the lung fields'), reference(map)),
            ),
          ]),
        ]),
  ];
}

/**
 * Adds the models to a title, as in "Score, by pneumonia 1.0.0", so that a reader sees whose answer stands below it.
 */
function titled(what: string, models: readonly Pick<ModelRef, 'id' | 'version'>[]): string {
  return [what, ...models.map(({ id, version }) => `by ${id} ${version}`)].join(', ');
}

/** The model's finding, or the reason why there is none. */
function score({ finding }: ResultSubject): readonly ContentItem[] {
  const { model, probabilities, score, threshold, positive, population, film } = finding;
  return [
    ...(givesScore(model) ? [codeValue(dcm('121071', 'Finding'), outcome(positive))] : []),
    codeValue(own('POPULATION', 'Population of the model'), POPULATIONS[population]),
    ...film.map((found) => codeValue(QUALITY_FINDING, FILM[found])),
    ...(probabilities ?? []).map(({ name, probability }) => percentage(probabilityOf(name), probability)),
    ...maybe(score, (value) => percentage(SCORE, value)),
    ...maybe(threshold, (value) => percentage(own('THRESHOLD', 'Threshold of the score'), value)),
  ];
}

/** States only on which side of the threshold the score lies, which is not a diagnosis. */
function outcome(positive: boolean | null): Code {
  if (positive === null) return own('NOT-SCORED', 'Not scored');
  return positive
    ? own('AT-OR-ABOVE', 'Score at or above the threshold')
    : own('BELOW', 'Score below the threshold');
}

function lungs({
  fraction,
  right,
  left,
}: NonNullable<ResultSubject['finding']['lungs']>): readonly ContentItem[] {
  const area = own('LUNG-AREA', 'Fraction of the image that is lung field');
  const marked = own('MARKED', 'Fraction of the lung field that the map marks');
  const at = (site: Code): readonly ContentItem[] => [codeValue(FINDING_SITE, site, 'HAS CONCEPT MOD')];
  const sides = [
    [RIGHT_LUNG, right],
    [LEFT_LUNG, left],
  ] as const;
  return [
    percentage(area, fraction),
    ...sides.flatMap(([site, lung]) => [
      percentage(area, lung.fraction, at(site)),
      ...maybe(lung.marked, (value) => percentage(marked, value, at(site))),
    ]),
  ];
}

function words({ finding }: ResultSubject): readonly ContentItem[] {
  const said = (name: Code, texts: readonly string[]): readonly ContentItem[] =>
    texts.filter((text) => text.trim() !== '').map((text) => textValue(name, text));
  return [
    ...said(NOTE.use, [finding.intendedUse]),
    ...said(NOTE.rationale, finding.rationale),
    ...said(NOTE.limit, finding.limits),
    ...said(
      NOTE.warning,
      cautionsOf(finding).map(({ title, what }) => `${title}. ${what}`),
    ),
  ];
}

/** The radiologist's verdict. Its observer is the person, not the device that made the rest of the report. */
function verdict({ verdict: word, finding, reason, by, isDisputed }: Verification): readonly ContentItem[] {
  const agrees = word === 'agree';
  return [
    container(own('REVIEW', 'Review by a radiologist'), [
      ...personObserver(by),
      codeValue(
        own('VERDICT', 'Verdict'),
        agrees ? own('AGREE', 'Agrees with the model') : own('CORRECT', 'Corrects the model'),
      ),
      ...maybe(finding, (name) => codeValue(dcm('121071', 'Finding'), CORRECTIONS[name])),
      ...(isDisputed ? [textValue(NOTE.warning, DISPUTED)] : []),
      ...maybe(reason, (text) => personText(own('REASON', 'Reason'), text)),
    ]),
  ];
}
