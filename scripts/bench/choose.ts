/**
 * Choosing alone, on a processor that nobody slows: how soon three small files stand as cards, and how much memory
 * the page's process takes while it reads a folder and an archive with more files than a ZIP without ZIP64 can name.
 * Each ratio is the figure ÷ its budget.
 */
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { createArchiveWriter } from '#shared/ingest/write-archive.ts';
import { forgetPeak, peakResidentBytes, residentBytes } from '#testing/process-memory.ts';
import { syntheticStudy, type SyntheticInstance } from '#testing/synthetic-study.ts';
import { mainThreadTasks } from './main-thread-tasks.ts';
import type { BenchRow } from './row.ts';
import { drop, openTablet, tracing, untilShown, watchingHeap } from './tablet.ts';

const BUDGET = { cardsMs: 2_000, memoryMB: 300 } as const;
const CARDS = 3;
/** The gateway takes 20 000 instances of one study. */
const STUDIES = 4;
const MANY = 65_536;
const SERIES = 16;
const SIDE = 8;
const LOOK_EVERY_MS = 20;

type Say = (line: string) => void;
type Write = (folder: string, instances: readonly SyntheticInstance[]) => Promise<string>;

async function asFolder(folder: string, instances: readonly SyntheticInstance[]): Promise<string> {
  await mkdir(folder);
  for (const { fileName, bytes } of instances) await writeFile(join(folder, fileName), bytes);
  return folder;
}

async function asArchive(folder: string, instances: readonly SyntheticInstance[]): Promise<string> {
  const path = `${folder}.zip`;
  const file = createWriteStream(path);
  const archive = await createArchiveWriter(
    (bytes) => new Promise((resolve) => file.write(bytes, () => resolve())),
  );
  for (const { fileName, bytes } of instances) await archive.add(fileName, bytes);
  await archive.close();
  file.end();
  await finished(file);
  return path;
}

async function threeCards(say: Say): Promise<BenchRow> {
  const { app, page, session } = await openTablet();
  try {
    const studies = Array.from(
      { length: CARDS },
      (_, at) => syntheticStudy({ seed: 300 + at }).instances[0]!,
    );
    const named = studies.map((instance, at) => ({ ...instance, fileName: `study-${at}.dcm` }));
    const folder = await asFolder(join(app.folder, 'three'), named);
    say('three files …');
    const from = await drop(page, session, folder);
    await page.waitForFunction((count) => document.querySelectorAll('article.card').length === count, CARDS, {
      polling: LOOK_EVERY_MS,
    });
    const cardsMs = performance.now() - from;
    return { name: 'three-cards', ratio: cardsMs / BUDGET.cardsMs, cardsMs: Math.round(cardsMs) };
  } finally {
    await app.close();
  }
}

/** The process of Chromium's that holds most of those that draw pages, of the browser that this process started. */
async function rendererOf(profile: string): Promise<number> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const renderers: { readonly pid: number; readonly bytes: number }[] = [];
  for (const pid of pids) {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (!line.includes('--type=renderer') || !line.includes(profile)) continue;
    renderers.push({ pid, bytes: await residentBytes(pid) });
  }
  const [largest] = renderers.sort((a, b) => b.bytes - a.bytes);
  if (largest === undefined) throw new Error('there is no process that draws pages');
  return largest.pid;
}

const manyOf = (nth: number): readonly SyntheticInstance[] =>
  syntheticStudy({
    seed: 65 + nth,
    ...{ series: SERIES, instancesPerSeries: MANY / STUDIES / SERIES, rows: SIDE, columns: SIDE },
  }).instances.map((instance) => ({ ...instance, fileName: `${nth}-${instance.fileName}` }));

async function manyFiles(name: string, write: Write, say: Say): Promise<BenchRow> {
  const { app, page, session } = await openTablet();
  try {
    say(`${name}: writing ${MANY} files …`);
    const path = await write(
      join(app.folder, 'many'),
      Array.from({ length: STUDIES }, (_, at) => manyOf(at)).flat(),
    );
    const renderer = await rendererOf(app.profile);
    await forgetPeak(renderer);
    const idle = await residentBytes(renderer);
    say(`${name}: reading …`);
    let readMs = 0;
    let heapMB = 0;
    const events = await tracing(session, async () => {
      heapMB = await watchingHeap(session, async () => {
        const from = await drop(page, session, path);
        await untilShown(page, '.send-button:not(:disabled)', new Intl.NumberFormat('en-GB').format(MANY));
        readMs = performance.now() - from;
      });
    });
    const grownMB = ((await peakResidentBytes(renderer)) - idle) / 1e6;
    return {
      name,
      ratio: grownMB / BUDGET.memoryMB,
      grownMB: Math.round(grownMB),
      heapMB: Math.round(heapMB),
      longestTaskMs: Math.round(Math.max(...mainThreadTasks(events))),
      readMs: Math.round(readMs),
    };
  } finally {
    await app.close();
  }
}

export async function chooseRows(
  say: Say,
  isWanted: (name: string) => boolean,
): Promise<readonly BenchRow[]> {
  const rows: BenchRow[] = [];
  if (isWanted('three-cards')) rows.push(await threeCards(say));
  for (const [name, write] of [
    ['folder-65536', asFolder],
    ['archive-65536', asArchive],
  ] as const)
    if (isWanted(name)) rows.push(await manyFiles(name, write, say));
  return rows;
}
