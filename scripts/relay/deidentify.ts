/**
 * `relay deidentify PATH… --out DIR`: de-identifies files as the device does under `deidentified`, into a
 * folder. Without `--key` a key is made for this run alone, so two runs give different pseudonyms; with
 * `--key FILE` (32 bytes or more) the same original gives the same result. Two files of one SOP Instance UID
 * are both written, the second as `…-2.dcm`: the reader decides whether they are the same.
 *
 * `--report FILE` describes each file without a value: edition, options, methods, actions by tag path, the
 * digest of that list (the same as in a receipt's `reports`), SHA-256 of the file before and after; with
 * `--key` also `originalDigest`, which a receipt of a gateway with this key names.
 */
import { createWriteStream } from 'node:fs';
import { mkdir, open, readFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createPseudonyms } from '#shared/deid/pseudonyms.ts';
import { createRules } from '#shared/deid/rules.ts';
import { REASONS } from '#shared/protocol/reasons.ts';
import { createReport, toWireReport } from '#shared/deid/report.ts';
import { sha256OfBlob } from '#shared/transfer/digest.ts';
import { createArchiveReader, type ArchiveReader } from '../../client/src/pipeline/ingest/archive.ts';
import type { Collected, CollectedFile } from '../../client/src/pipeline/ingest/collect-files.ts';
import {
  applyPolicy,
  type Applied,
  type DevicePolicy,
} from '../../client/src/pipeline/ingest/ingest-file.ts';
import { openFile, refusingUnreadable } from '../../client/src/pipeline/ingest/open-file.ts';
import type { Surroundings } from './command.ts';
import { parseArguments, printable, UsageError, type Arguments } from './arguments.ts';
import { findFiles } from './find-files.ts';

const KEY_BYTES = 32;

type LocalPolicy = Extract<DevicePolicy, { kind: 'deidentified' }>;

/** One file of `--report`. */
type Reported = { readonly file: string } & (
  | { readonly reason: string }
  | ({ readonly out: string; readonly sopInstanceUID: string } & Awaited<ReturnType<typeof describe>>)
);

export async function deidentify(args: readonly string[], around: Surroundings): Promise<number> {
  const options = parseArguments(args, { values: ['out', 'options', 'key', 'report'], flags: [] });
  const out = options.value('out');
  if (options.rest.length === 0 || out === null)
    throw new UsageError('name at least one file or folder, and --out DIR');
  const reportPath = options.value('report');
  const run: Run = {
    out,
    policy: await policyOf(options),
    isKeyed: options.value('key') !== null,
    isReported: reportPath !== null,
    report: createReportFile(reportPath),
    archives: createArchiveReader(),
    written: new Map(),
    signal: around.signal,
    say: around.say,
  };
  let refused = 0;
  let faces = 0;
  try {
    for await (const found of findFiles(options.rest, around.signal)) {
      const done = await deidentifyFile(run, found);
      if (done === 'refused') refused += 1;
      if (done === 'shows-face') faces += 1;
    }
    await run.report.finish();
  } finally {
    await run.report.close();
  }
  if (faces > 0)
    around.say(
      `${faces} instances are of a head in CT or MR: a face could be rendered from them, and is not removed.`,
    );
  return refused > 0 ? 1 : 0;
}

interface Run {
  readonly out: string;
  readonly policy: LocalPolicy;
  /** The key was given: digests under it mean something outside this run. */
  readonly isKeyed: boolean;
  readonly isReported: boolean;
  readonly report: ReportFile;
  readonly archives: ArchiveReader;
  /** How many files were written for each SOP Instance UID. */
  readonly written: Map<string, number>;
  readonly signal: AbortSignal;
  say(line: string): void;
}

async function deidentifyFile(
  run: Run,
  found: Collected,
): Promise<'written' | 'shows-face' | 'skipped' | 'refused'> {
  const outcome =
    found.kind === 'refused' ? found : await refusingUnreadable(run.signal, () => applyTo(run, found));
  if (outcome.kind === 'applied') {
    const path = await writeInstance(run, outcome);
    const { sopInstanceUID } = outcome.identifiers;
    if (outcome.said !== null)
      await run.report.add({ file: found.path, out: path, sopInstanceUID, ...outcome.said });
    return outcome.showsFace ? 'shows-face' : 'written';
  }
  await run.report.add({ file: found.path, reason: outcome.because });
  if (outcome.kind === 'skipped') return 'skipped';
  const { title, next } = REASONS[outcome.because];
  run.say(`${printable(found.path)}: ${title} ${next} (${outcome.because})`);
  return 'refused';
}

async function applyTo(run: Run, { ref, inFolder }: CollectedFile) {
  const original = await openFile(ref, run.archives);
  const applied = await applyPolicy(original, { policy: run.policy, inFolder }, run.signal);
  if (applied.kind !== 'applied' || !run.isReported) return { ...applied, said: null };
  return { ...applied, said: await describe(run, original, applied) };
}

/** Returns the path of the new file. */
async function writeInstance(
  { out, written }: Run,
  { identifiers, bytes }: Pick<Applied, 'identifiers' | 'bytes'>,
): Promise<string> {
  const { studyInstanceUID, seriesInstanceUID, sopInstanceUID } = identifiers;
  // The names of files and folders can identify too: the new ones are made of the new UIDs.
  const folder = join(out, studyInstanceUID, seriesInstanceUID);
  await mkdir(folder, { recursive: true });
  const nth = (written.get(sopInstanceUID) ?? 0) + 1;
  written.set(sopInstanceUID, nth);
  const path = join(folder, nth === 1 ? `${sopInstanceUID}.dcm` : `${sopInstanceUID}-${nth}.dcm`);
  await pipeline(Readable.fromWeb(bytes.stream() as never), createWriteStream(path));
  return path;
}

interface ReportFile {
  add(entry: Reported): Promise<void>;
  finish(): Promise<void>;
  close(): Promise<void>;
}

/**
 * The report as one JSON array, written entry by entry, because that of a large archive does not fit into
 * memory. Only its owner may read it. Nothing is written before the first entry, so that a wrong call leaves
 * an older report as it is.
 */
function createReportFile(path: string | null): ReportFile {
  let file: FileHandle | null = null;
  const write = async (path: string, text: string): Promise<void> => {
    file ??= await open(path, 'w', 0o600);
    await file.writeFile(text);
  };
  return {
    async add(entry) {
      if (path !== null) await write(path, `${file === null ? '[' : ','}\n${JSON.stringify(entry, null, 2)}`);
    },
    async finish() {
      if (path !== null) await write(path, file === null ? '[]\n' : '\n]\n');
    },
    async close() {
      await file?.close();
    },
  };
}

/** The originals' keyed digest means nothing under a key that was made for this run. */
async function describe({ policy, isKeyed, signal }: Run, original: Blob, { bytes, report }: Applied) {
  const { rules, pseudonyms } = policy;
  const said = createReport(rules.options, report);
  const digestBefore = await sha256OfBlob(original, signal);
  return {
    ...said,
    reportDigest: (await toWireReport(said)).digest,
    digestBefore,
    digestAfter: await sha256OfBlob(bytes, signal),
    ...(isKeyed && { originalDigest: await pseudonyms.originalDigest(digestBefore) }),
  };
}

async function policyOf(options: Arguments): Promise<LocalPolicy> {
  const names = (options.value('options') ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const rules = createRules(names);
  if (rules.kind === 'refused') {
    throw new UsageError(
      `${rules.option}: ${rules.because === 'unknown-option' ? 'no option of PS3.15 E.3' : 'this option cannot be carried out yet'}`,
    );
  }
  return {
    kind: 'deidentified',
    rules: rules.rules,
    pseudonyms: await createPseudonyms(await keyOf(options.value('key'))),
  };
}

async function keyOf(path: string | null): Promise<Uint8Array> {
  if (path === null) return crypto.getRandomValues(new Uint8Array(KEY_BYTES));
  let key: Uint8Array;
  try {
    key = await readFile(path);
  } catch {
    throw new UsageError(`the key file ${printable(path)} does not exist or cannot be read`);
  }
  if (key.length < KEY_BYTES) throw new UsageError(`the key file has fewer than ${KEY_BYTES} bytes`);
  return key;
}
