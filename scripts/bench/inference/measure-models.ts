/**
 * The same measurements in Node and in a worker of Chromium: how long each model takes alone, and what is
 * around it. Warm: the first runs do not count.
 */
import { bytesSource } from '#shared/dicom/byte-source.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { CARDS, sideOf } from '#shared/models/card.ts';
import { examinePicture } from '#shared/models/examine-picture.ts';
import { integratedGradients } from '#shared/models/integrated-gradients.ts';
import { MODEL_IDS, type ModelId, type RunModel, type Tensor } from '#shared/models/model.ts';
import type { Codecs } from '#shared/pixels/codecs.ts';
import { readInstancePicture } from '#shared/pixels/grey-picture.ts';
import type { GreyPicture } from '#shared/pixels/picture.ts';
import { toSquare } from '#shared/pixels/to-square.ts';

export type Models = Readonly<Record<ModelId, RunModel>>;
/** Name of the row → milliseconds of each time. */
export type Times = Record<string, number[]>;

/** A frame of two megapixels, as Part 10 bytes, by its coding. */
export type Frames = Readonly<Record<string, Uint8Array>>;

const WARM_UP = 3;
const SOON = { times: 60, forMs: 3_000 };

/** At least five times; no more than `times`, and no longer than `forMs`. */
async function timesOf(work: () => Promise<unknown>, { times, forMs } = SOON): Promise<number[]> {
  for (let time = 0; time < WARM_UP; time += 1) await work();
  const began = performance.now();
  const taken: number[] = [];
  while (taken.length < 5 || (taken.length < times && performance.now() - began < forMs)) {
    const start = performance.now();
    await work();
    taken.push(performance.now() - start);
  }
  return taken;
}

async function pictureOf(bytes: Uint8Array, codecs: Codecs): Promise<GreyPicture> {
  const source = bytesSource(bytes);
  const read = await readInstance(source);
  if (read.kind !== 'ready') throw new Error(read.because);
  const outcome = await readInstancePicture(read.instance, source, 0, { codecs });
  if (outcome.kind !== 'picture') throw new Error(outcome.because);
  return outcome.picture;
}

export async function measureModels(models: Models, frames: Frames, codecs: Codecs): Promise<Times> {
  const film = await pictureOf(Object.values(frames)[0]!, codecs);
  const input = (id: ModelId): Tensor => ({
    dims: [1, 1, sideOf(CARDS[id]), sideOf(CARDS[id])],
    data: toSquare(film, sideOf(CARDS[id])),
  });
  const inputs = Object.fromEntries(MODEL_IDS.map((id) => [id, input(id)])) as Record<ModelId, Tensor>;
  const times: Times = {};
  for (const id of MODEL_IDS) times[id] = await timesOf(() => models[id](inputs[id]));
  times['gate-and-triage'] = await timesOf(async () => [
    await models['image-kind'](inputs['image-kind']),
    await models.pneumonia(inputs.pneumonia),
  ]);
  times['integrated-gradients'] = await timesOf(
    () => integratedGradients(film, models['pneumonia-gradient']),
    { times: 10, forMs: 4_000 },
  );
  for (const [coding, bytes] of Object.entries(frames)) {
    times[`decode-and-preprocess-${coding}`] = await timesOf(async () => {
      const picture = await pictureOf(bytes, codecs);
      return MODEL_IDS.map((id) => toSquare(picture, sideOf(CARDS[id])));
    });
  }
  times['whole-look'] = await timesOf(() => examinePicture({ picture: film, population: 'inside' }, models));
  return times;
}
