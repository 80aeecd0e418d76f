/**
 * The models, each alone and warm: in Node through the engine's process, and in Chromium on one WebAssembly
 * thread in a worker; decoding and preprocessing of a frame of two megapixels; the whole look; what the
 * engine costs in memory; `POST /predict` of such a frame, new and known. Milliseconds, p50 and p95, and the
 * least, which a busy machine spoils least; the ratio is p50 ÷ budget where there is a budget.
 */
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MODEL_IDS } from '#shared/models/model.ts';
import { buildInstance, type BuiltImage, type SimpleElement } from '#shared/dicom/build-instance.ts';
import { concatBytes } from '#shared/dicom/encode.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN, SOP_CLASSES } from '#shared/dicom/registry.ts';
import { parseUid, type TransferSyntaxUID } from '#shared/dicom/uid.ts';
import { loadCodecs } from '#shared/pixels/load-codecs.ts';
import { loadCharls } from '#shared/transfer/coding/load-charls.ts';
import { drawnFilm } from '#testing/drawn-film.ts';
import { testEnvironment } from '#testing/environment.ts';
import { openBrowser } from '#testing/inspect-page.ts';
import { engineModel, openModels } from '#testing/open-models.ts';
import { canMeasureMemory, residentBytes } from '#testing/process-memory.ts';
import type { BenchRow } from './row.ts';
import { findOrthanc } from '../system/orthanc.ts';
import { ROOT } from '../check/source-files.ts';
import { askGateway } from './inference/ask-gateway.ts';
import { measureModels, type Frames, type Times } from './inference/measure-models.ts';
import { serveSources } from './inference/serve-sources.ts';

/** 2.1 megapixels of 12 bits, as a detector of 35 × 43 cm binned to 0.27 mm. */
const ROWS = 1_600;
const COLUMNS = 1_312;
const JPEG_LS_LOSSLESS = '1.2.840.10008.1.2.4.80' as TransferSyntaxUID;
/** On the device, for one image. */
const BUDGET_MS: Readonly<Record<string, number>> = {
  'gate-and-triage': 10,
  'lung-fields': 60,
  'decode-and-preprocess-native': 150,
  'decode-and-preprocess-jpeg-ls': 150,
};
/** The worker's path as serve-sources.ts has it. */
const WORKER = `/${relative(ROOT, fileURLToPath(new URL('./inference/bench-models.worker.ts', import.meta.url)))}`;
const MEBIBYTE = 1024 * 1024;

type Say = (line: string) => void;

async function makeFrames(): Promise<Frames> {
  const samples = Uint16Array.from(drawnFilm(ROWS, COLUMNS).grey, (grey) => Math.round(grey * 4095));
  const native = new Uint8Array(samples.buffer);
  const coded = await (await loadCharls()).encode(native, {
    width: COLUMNS,
    height: ROWS,
    bitsPerSample: 12,
  });
  if (!coded) throw new Error('CharLS did not code the frame');
  const fragment = coded.length % 2 === 0 ? coded : concatBytes([coded, new Uint8Array(1)]);
  return {
    native: instanceOf(EXPLICIT_VR_LITTLE_ENDIAN, native),
    'jpeg-ls': instanceOf(JPEG_LS_LOSSLESS, [fragment]),
  };
}

function instanceOf(transferSyntaxUID: TransferSyntaxUID, pixels: BuiltImage['pixels']): Uint8Array {
  const identifiers = {
    studyInstanceUID: parseUid('StudyInstanceUID', '2.25.1'),
    seriesInstanceUID: parseUid('SeriesInstanceUID', '2.25.2'),
    sopInstanceUID: parseUid('SOPInstanceUID', '2.25.3'),
    sopClassUID: SOP_CLASSES.CR,
  };
  const elements: SimpleElement[] = [
    [0x00080060, 'CS', 'DX'],
    [0x00281050, 'DS', '2048'],
    [0x00281051, 'DS', '4096'],
  ];
  return concatBytes(
    buildInstance({
      identifiers,
      transferSyntaxUID,
      elements,
      image: { rows: ROWS, columns: COLUMNS, bitsAllocated: 16, bitsStored: 12, pixels },
    }),
  );
}

async function inNode(frames: Frames): Promise<{ times: Times; memory: BenchRow[] }> {
  const { engine, models } = openModels();
  try {
    const began = performance.now();
    for (const id of MODEL_IDS) await engine.check(engineModel(id), new AbortController().signal);
    const readyMs = Math.round(performance.now() - began);
    const resident = async (): Promise<number> =>
      Math.round((await residentBytes(engine.state().pid!)) / MEBIBYTE);
    const loadedMB = canMeasureMemory ? await resident() : 0;
    const times = await measureModels(models, frames, loadCodecs());
    return {
      times,
      memory: canMeasureMemory
        ? [{ name: 'node/engine-process', startAndLoadMs: readyMs, loadedMB, usedMB: await resident() }]
        : [],
    };
  } finally {
    await engine.close();
  }
}

async function inChromium(chromium: string, frames: Frames): Promise<Times> {
  const server = await serveSources();
  const browser = await openBrowser(chromium);
  try {
    const page = await browser.newPage();
    await page.goto(server.url);
    const coded = Object.entries(frames).map(
      ([coding, bytes]) => [coding, Buffer.from(bytes).toString('base64')] as const,
    );
    const answer = await page.evaluate(
      async ([script, files]) => {
        const bytes = await Promise.all(
          files.map(async ([coding, text]) => [
            coding,
            new Uint8Array(await (await fetch(`data:;base64,${text}`)).arrayBuffer()),
          ]),
        );
        const worker = new Worker(script, { type: 'module' });
        return await new Promise<Times | string>((resolve) => {
          worker.onmessage = ({ data }) => resolve(data as Times | string);
          worker.onerror = ({ message }) => resolve(message || 'the worker did not start');
          worker.postMessage(Object.fromEntries(bytes));
        });
      },
      [WORKER, coded] as const,
    );
    if (typeof answer === 'string') throw new Error(answer);
    return answer;
  } finally {
    await browser.close();
    server.close();
  }
}

function rowsOf(place: 'node' | 'chromium' | 'gateway', times: Times): BenchRow[] {
  return Object.entries(times).map(([name, taken]) => {
    const sorted = taken.toSorted((one, other) => one - other);
    const at = (part: number): number =>
      Number(sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]!.toFixed(2));
    const budget = place === 'chromium' ? BUDGET_MS[name] : undefined;
    return {
      name: `${place}/${name}`,
      ...(budget ? { ratio: at(0.5) / budget } : {}),
      p50: at(0.5),
      p95: at(0.95),
      least: at(0),
      times: sorted.length,
      ...(budget ? { budget } : {}),
    };
  });
}

export async function benchInference(say: Say): Promise<readonly BenchRow[]> {
  const frames = await makeFrames();
  say("the models in the engine's process");
  const { times, memory } = await inNode(frames);
  const { chromium } = testEnvironment();
  if (!chromium) say('no Chromium here: its rows are left out');
  else say('the models in a worker of Chromium');
  const { native } = frames;
  const asked = (await findOrthanc()) === null ? null : await askGateway(native!);
  if (!asked) say('no Orthanc here: a whole gateway is left out');
  return [
    ...rowsOf('node', times),
    ...memory,
    ...(asked ? rowsOf('gateway', asked) : []),
    ...(chromium ? rowsOf('chromium', await inChromium(chromium, frames)) : []),
  ];
}
