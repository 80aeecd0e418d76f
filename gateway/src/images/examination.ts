/**
 * Examines an image, from its bytes to a finding, in the worker thread for images: it detects the kind of file, makes
 * the picture, and collects the models' answers. It uses no runtime, database or clock of its own; the parameter
 * `run` runs a model.
 */
import { bytesSource } from '#shared/dicom/byte-source.ts';
import type { ParsedInstance } from '#shared/dicom/data-set.ts';
import { mayHoldName } from '#shared/deid/undeclared-text.ts';
import { concatBytes } from '#shared/dicom/encode.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { giveBack } from '#shared/give-back.ts';
import { sideOf, type ModelCard } from '#shared/models/card.ts';
import {
  examinePicture,
  type Examination,
  type ExamineOptions,
  type Models,
} from '#shared/models/examine-picture.ts';
import { isMirrored } from '#shared/models/film-header.ts';
import type { Population, RunModel } from '#shared/models/model.ts';
import { cohortOf, type CohortOfImage } from '#shared/models/cohort-of.ts';
import { CAM_SIDE } from '#shared/models/pneumonia.ts';
import { populationOf } from '#shared/models/population.ts';
import { outputsOf, squaresTensor } from '#shared/models/tensors.ts';
import { decoderBytes } from '#shared/pixels/coded-frame.ts';
import type { Codecs } from '#shared/pixels/codecs.ts';
import { readFrameShape } from '#shared/pixels/frame-shape.ts';
import { readInstancePicture } from '#shared/pixels/grey-picture.ts';
import { readImageFile, SIDE_PIXELS_LEAST } from '#shared/pixels/image-file.ts';
import type { GreyPicture } from '#shared/pixels/picture.ts';
import { reducePicture } from '#shared/pixels/reduce-picture.ts';
import { toSquare } from '#shared/pixels/to-square.ts';
import type { ExplanationMethod, Finding } from '#shared/protocol/inference.ts';
import type { AnyProblemCode } from '#shared/protocol/inference-problems.ts';
import type { JobParameters } from '../database/inference-tables.ts';
import { encodePng } from './encode-png.ts';
import type { Room } from '../threads/room.ts';

/** The role of a model in an examination. */
export type RunRole = 'asked' | 'image-kind' | 'lung-fields' | 'pneumonia-gradient';
/** Everything needed to examine one image. Only the image itself contains patient data. */
export type Question = {
  readonly bytes: Uint8Array;
  /** SHA-256 of the bytes, hexadecimal. */
  readonly digest: string;
  /** Counted from 0. */
  readonly frame: number;
  readonly model: Finding['model'];
  /** The cards of all models that may be run. `asked` is the model to which the question is put. */
  readonly cards: ReadonlyMap<RunRole, ModelCard>;
  readonly parameters: JobParameters;
  /**
   * The scoring model's population that the device determined from the original header; null: it is determined from
   * the header of this instance.
   */
  readonly population: Population | null;
};
/**
 * Maps, rows from the top. `cam` and `attributions` have values. `lungs` has 0 and 1 for each lung, the right one
 * first.
 */
export type MapData = {
  readonly cam: Float32Array;
  readonly attributions: Float32Array;
  readonly lungs: Uint8Array;
};
export type ResultMap<Name extends keyof MapData = keyof MapData> = {
  readonly name: Name;
  readonly dims: readonly number[];
  readonly data: MapData[Name];
};

export type Examined =
  | {
      readonly kind: 'examined';
      readonly finding: Finding;
      readonly maps: readonly ResultMap[];
      /** Null: the image is not a DICOM instance. */
      readonly cohort: CohortOfImage | null;
    }
  | { readonly kind: 'refused'; readonly because: AnyProblemCode };
/** A PNG of 8 bits. */
export type Shown =
  | {
      readonly kind: 'shown';
      readonly png: Uint8Array<ArrayBuffer>;
      readonly mayHoldName: boolean;
    }
  | { readonly kind: 'refused'; readonly because: AnyProblemCode };
export type RunOf = (role: RunRole) => RunModel;

/**
 * Memory for pixels: enough for 17 million pixels of JPEG 2000, or 34 million of 16 bits in other formats. The
 * largest detector has 17 million pixels, a digitised film 24 million. A coded frame of a few kilobytes may contain a
 * hundred million. The header therefore gives the size before anything is decoded, and large images wait for each
 * other.
 */
export const PICTURE_BYTES_LIMIT = 204_000_000;

/** `room`: the memory for the bytes of pictures. */
export type SeeingTools = { readonly codecs: Codecs; readonly room: Room };

type Seen =
  | {
      readonly kind: 'seen';
      readonly picture: GreyPicture;
      readonly type: 'dicom' | 'png' | 'jpeg';
      readonly warnings: readonly string[];
      readonly instance: ParsedInstance | null;
      /** Call it when the pixels are no longer needed. */
      readonly leave: () => void;
    }
  | { readonly kind: 'refused'; readonly because: AnyProblemCode };

/** Throws the errors of `run`, and RangeError if a model's answer does not match its card. */
export async function examineImage(
  question: Question,
  run: RunOf,
  tools: SeeingTools,
  signal: AbortSignal,
): Promise<Examined> {
  const seen = await see(question.bytes, question.frame, tools, signal);
  if (seen.kind === 'refused') return seen;
  return examineSeen(question, run, seen, signal).finally(seen.leave);
}

async function examineSeen(
  question: Question,
  run: RunOf,
  seen: Extract<Seen, { kind: 'seen' }>,
  signal: AbortSignal,
): Promise<Examined> {
  const { picture, instance, type } = seen;
  const asked = question.cards.get('asked')!;
  const population = populationFor(question, asked, instance);
  const isTurnedOver = instance !== null && isMirrored(instance);
  const { finding, maps } = await examinePicture(
    { picture, population, isMirrored: isTurnedOver },
    modelsOf(question, run),
    optionsOf(question, signal),
  );
  const own =
    asked.task === 'classification' && asked.id !== PNEUMONIA
      ? await classify(picture, asked, run('asked'), signal)
      : {};
  return {
    kind: 'examined',
    maps: toMaps(maps),
    cohort: instance && cohortOf(instance),
    finding: {
      ...finding,
      ...own,
      model: question.model,
      input: {
        digest: question.digest,
        kind: type,
        rows: picture.rows,
        columns: picture.columns,
        frame: question.frame,
        ...identifiersOf(instance),
      },
      warnings: [
        ...finding.warnings.filter((code) => asked.id === PNEUMONIA || code !== NOT_ASKED),
        ...seen.warnings,
      ],
      limits: asked.limits,
      intendedUse: asked.intendedUse,
    },
  };
}

/**
 * The population for the requested model. A model whose card names no population takes every image. The device's
 * statement applies only to the scoring model.
 */
function populationFor(
  { population: said }: Question,
  asked: ModelCard,
  instance: ParsedInstance | null,
): Population {
  if (!asked.population) return 'inside';
  if (said !== null && asked.id === PNEUMONIA) return said;
  return instance === null ? 'unknown' : populationOf(instance, asked);
}

const PNEUMONIA = 'pneumonia';
/** `examinePicture` returns this warning if it got no such model; here it means that another model was requested. */
const NOT_ASKED = 'pneumonia-not-available';

function modelsOf({ cards }: Question, run: RunOf): Models {
  const models: Partial<Record<string, RunModel>> = {};
  for (const [role, { id }] of cards)
    if (role !== 'asked' || id === PNEUMONIA) models[role === 'asked' ? id : role] = run(role);
  return models as Models;
}

function optionsOf(
  { cards, parameters: { threshold, steps, explain } }: Question,
  signal: AbortSignal,
): ExamineOptions {
  const named = Object.fromEntries(
    [...cards].flatMap(([role, card]) =>
      role !== 'asked' || card.id === PNEUMONIA ? [[role === 'asked' ? card.id : role, card]] : [],
    ),
  );
  return {
    signal,
    cards: named,
    ...(threshold === undefined ? {} : { threshold }),
    ...(steps === undefined ? {} : { steps }),
    ...(explain === undefined ? {} : { explain: explain as ExplanationMethod[] }),
  };
}

/**
 * The finding of any other model: its class probabilities, without statements that only its maker could make about
 * them.
 */
async function classify(
  picture: GreyPicture,
  card: ModelCard,
  run: RunModel,
  signal: AbortSignal,
): Promise<Partial<Finding>> {
  const side = sideOf(card);
  const classes = card.classes ?? [];
  const { probabilities } = await outputsOf(
    run,
    squaresTensor(toSquare(picture, side), side),
    { probabilities: classes.length },
    signal,
  );
  const named = classes.map((name, at) => ({
    name,
    probability: Math.min(1, Math.max(0, probabilities[at]!)),
  }));
  return { probabilities: named, rationale: [] };
}

function identifiersOf(instance: ParsedInstance | null): Partial<Finding['input']> {
  if (instance === null) return {};
  const { sopInstanceUID, sopClassUID, seriesInstanceUID, studyInstanceUID } = instance.identifiers;
  return { sopInstanceUID, sopClassUID, seriesInstanceUID, studyInstanceUID };
}

function toMaps({ cam, attributions, lungs }: Examination['maps']): ResultMap[] {
  return [
    ...(cam === null ? [] : [{ name: 'cam', dims: [CAM_SIDE, CAM_SIDE], data: cam } as const]),
    ...(attributions === null
      ? []
      : [
          {
            name: 'attributions',
            dims: [attributions.side, attributions.side],
            data: attributions.attributions,
          } as const,
        ]),
    ...(lungs === null
      ? []
      : [
          {
            name: 'lungs',
            dims: [2, lungs.side, lungs.side],
            data: concatBytes([lungs.right, lungs.left]),
          } as const,
        ]),
  ];
}

/** Renders an image as a PNG for people, scaled down if its longer side exceeds `limit` pixels. */
export async function showImage(
  bytes: Uint8Array,
  { frame, limit }: { readonly frame: number; readonly limit: number },
  tools: SeeingTools,
  signal: AbortSignal,
): Promise<Shown> {
  const seen = await see(bytes, frame, tools, signal);
  if (seen.kind === 'refused') return seen;
  try {
    const { rows: height, columns: width, grey } = reducePicture(seen.picture, limit);
    const data = Uint8ClampedArray.from(grey, (value) => value * 255);
    const png = encodePng({ width, height, channels: 1, data });
    return { kind: 'shown', png, mayHoldName: mayHoldName(seen.instance) };
  } finally {
    seen.leave();
  }
}

/** Detects the kind of file by its bytes, whatever its name: a PNG, a JPEG, or an instance. */
async function see(
  bytes: Uint8Array,
  frame: number,
  { codecs, room }: SeeingTools,
  signal: AbortSignal,
): Promise<Seen> {
  const file = await readImageFile(bytes);
  if (file.kind === 'picture' && frame > 0) return { kind: 'refused', because: 'frame-not-found' };
  if (file.kind === 'picture')
    return {
      kind: 'seen',
      picture: file.picture,
      type: file.type,
      warnings: file.warnings,
      instance: null,
      leave: () => undefined,
    };
  if (file.because !== 'image-type-unsupported') return file;
  const read = await readInstance(bytesSource(bytes), signal);
  if (read.kind === 'refused')
    return {
      kind: 'refused',
      because: /^(not-dicom|empty-file)/.test(read.because) ? 'image-type-unsupported' : 'image-damaged',
    };
  const { instance } = read;
  const pictureBytes = pictureBytesOf(instance);
  if (pictureBytes > PICTURE_BYTES_LIMIT) return { kind: 'refused', because: 'image-too-large' };
  const leave = await room.enter(pictureBytes);
  const seen = await seeInstance(instance, frame, { codecs, signal }).catch((error: unknown) => {
    leave();
    throw error;
  });
  if (seen.kind === 'seen')
    return {
      ...seen,
      leave() {
        giveBack(seen.picture.grey);
        leave();
      },
    };
  leave();
  return seen;
}

/**
 * The most memory that one frame needs, decoded and as grey. 0: the header does not say, and decoding will report
 * why.
 */
function pictureBytesOf(instance: ParsedInstance): number {
  const shape = readFrameShape(instance);
  if ('because' in shape) return 0;
  const { rows, columns, samples, bitsAllocated } = shape;
  const decoded = samples * Math.ceil(bitsAllocated / 8);
  const decoding = decoded + samples * decoderBytes(instance.transferSyntaxUID);
  return rows * columns * Math.max(decoding, decoded + Float32Array.BYTES_PER_ELEMENT);
}

type SeenInstance = Omit<Extract<Seen, { kind: 'seen' }>, 'leave'> | Extract<Seen, { kind: 'refused' }>;

async function seeInstance(
  instance: ParsedInstance,
  frame: number,
  decoding: { readonly codecs: Codecs; readonly signal: AbortSignal },
): Promise<SeenInstance> {
  const decoded = await readInstancePicture(instance, instance.dataSet, frame, decoding);
  if (decoded.kind === 'refused') return decoded;
  const { picture } = decoded;
  if (Math.min(picture.rows, picture.columns) < SIDE_PIXELS_LEAST)
    return { kind: 'refused', because: 'image-too-small' };
  return { kind: 'seen', picture, type: 'dicom', warnings: [], instance };
}
