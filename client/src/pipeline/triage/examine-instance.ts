/**
 * Gives one instance to the models on this device: is it a chest film, may it have to be repeated, can the score be
 * trusted, and what is the score. Header and pixels are read here, in the worker. Only fixed codes, numbers, and the
 * picture of a film that may have to be repeated leave it.
 */
import { blobSource } from '#shared/dicom/byte-source.ts';
import type { ParsedInstance } from '#shared/dicom/data-set.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { CARDS, refOf } from '#shared/models/card.ts';
import { filmMarks, type FilmMark } from '#shared/models/film.ts';
import { isDecubitus, isForProcessing } from '#shared/models/film-header.ts';
import { imageKind } from '#shared/models/image-kind.ts';
import { lungFields, lungsOfTurned } from '#shared/models/lung-fields.ts';
import type { Population, RunModel } from '#shared/models/model.ts';
import { scorePneumonia } from '#shared/models/pneumonia.ts';
import { populationOf } from '#shared/models/population.ts';
import type { Codecs } from '#shared/pixels/codecs.ts';
import { readFrameShape } from '#shared/pixels/frame-shape.ts';
import { readInstancePicture } from '#shared/pixels/grey-picture.ts';
import type { GreyPicture } from '#shared/pixels/picture.ts';
import type { DeviceTriage } from '#shared/protocol/inference.ts';
import { createArchiveReader } from '#shared/ingest/archive.ts';
import type { FileRef } from '../ingest/choose/collect-files.ts';
import { openFile } from '../ingest/choose/open-file.ts';
import type { DeviceModelId } from './device-models.ts';
import type { Examination } from './examination.ts';
import { filmPicture, showsNothing } from './film-picture.ts';

interface ExaminerTools {
  readonly run: (id: DeviceModelId) => RunModel;
  readonly runtime: string;
  readonly codecs: Codecs;
  /** Milliseconds from a clock that does not jump. */
  readonly now: () => number;
}

/** A study with at least this score goes first. A model card without a threshold moves no study. */
const THRESHOLD = CARDS.pneumonia.threshold ?? Infinity;
/**
 * Twice the size of the largest detector for the chest, whose grey picture takes 160 MB in a tablet's worker. The
 * gateway looks at larger images.
 */
const PIXELS_LIMIT = 40_000_000;
/** Large enough to judge a mark in the window of a tablet. */
const PICTURE_SIDE = 768;

/** `picture`: null if it cannot be decoded here, or is not meant for presentation. */
type Subject = { readonly instance: ParsedInstance; readonly picture: GreyPicture | null };

/**
 * Throws the errors of the runtime, and those of a file that is gone. Run one at a time, because the times of two
 * would mix.
 */
export function createExaminer(tools: ExaminerTools): (ref: FileRef) => Promise<Examination> {
  const { runtime, codecs, now } = tools;
  const archives = createArchiveReader();

  async function read(ref: FileRef): Promise<Subject | null> {
    const read = await readInstance(blobSource(await openFile(ref, archives)), undefined, 'replaced');
    if (read.kind !== 'ready') return null;
    const { instance } = read;
    const shape = readFrameShape(instance);
    if (isForProcessing(instance) || 'because' in shape || shape.rows * shape.columns > PIXELS_LIMIT)
      return { instance, picture: null };
    const drawn = await readInstancePicture(instance, instance.dataSet, 0, { codecs });
    return { instance, picture: drawn.kind === 'picture' ? drawn.picture : null };
  }

  return async (ref) => {
    const startedAt = now();
    const models: Partial<Record<DeviceModelId, number>> = {};
    const timed =
      (id: DeviceModelId): RunModel =>
      async (input, signal) => {
        const from = now();
        const outputs = await tools.run(id)(input, signal);
        models[id] = (models[id] ?? 0) + now() - from;
        return outputs;
      };
    const subject = await read(ref);
    const population = subject === null ? 'unknown' : populationOf(subject.instance);
    const picture = subject?.picture ?? null;
    const seen =
      subject === null || picture === null
        ? NOTHING_SEEN
        : await look(subject.instance, picture, population, timed);
    const pictureMs = now() - startedAt - Object.values(models).reduce((sum, ms) => sum + ms, 0);
    const { marks, score, readings } = seen;
    const ran = Object.keys(models) as DeviceModelId[];
    const triage: DeviceTriage = {
      // An image that could not be drawn here was not examined, so the gateway is told no more than the naming of the
      // study tells it.
      models: ran.map((id) => refOf(CARDS[id])),
      runtime: ran.length === 0 ? 'none' : runtime,
      population,
      score,
      first: score !== null && score >= THRESHOLD,
      film: marks.map(({ finding }) => finding),
    };
    const shown =
      picture === null || marks.length === 0 ? null : { picture: filmPicture(picture, PICTURE_SIDE), marks };
    const quality =
      picture !== null && showsNothing(picture) ? 'blank' : seen.isChest ? 'checked' : 'not-judged';
    return { triage, film: shown, quality, readings: { ...readings, ms: { picture: pictureMs, models } } };
  };
}

type Seen = Pick<DeviceTriage, 'score'> & {
  readonly marks: readonly FilmMark[];
  /** Whether it was recognized as a chest film, upright or not. The film check applies to nothing else. */
  readonly isChest: boolean;
  readonly readings: Omit<Examination['readings'], 'ms'>;
};

/** The result for a film that cannot be decoded here, or for a file without one. */
const NOTHING_SEEN: Seen = {
  score: null,
  marks: [],
  isChest: false,
  readings: { kind: [], probabilities: null, camPeak: null, lungs: null },
};

async function look(
  instance: ParsedInstance,
  picture: GreyPicture,
  population: Population,
  run: ExaminerTools['run'],
): Promise<Seen> {
  const kind = await imageKind(picture, run('image-kind'));
  // For anything but an upright chest film the other models are not run. The film check still reports whether the
  // film lies on its side, and whether anything is cut off.
  const find = (film: GreyPicture) => lungFields(film, run('lung-fields'));
  const lungs = kind.isChestFilm ? await find(picture) : null;
  const scored =
    kind.isChestFilm && population === 'inside' ? await scorePneumonia(picture, run('pneumonia')) : null;
  // A film of a patient lying on one side is itself on its side, which is not a fault.
  const marks = filmMarks(picture, kind, lungs ?? (await lungsOfTurned(picture, kind.turn, find))).filter(
    ({ finding }) => finding !== 'rotated' || !isDecubitus(instance),
  );
  return {
    score: scored?.score ?? null,
    marks,
    isChest: kind.isChestFilm || kind.turn !== null,
    readings: {
      kind: [...kind.probabilities.values()],
      probabilities: scored?.probabilities.map(({ probability }) => probability) ?? null,
      camPeak: scored?.camPeak ?? null,
      lungs: lungs?.fraction ?? null,
    },
  };
}
