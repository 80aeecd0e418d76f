/**
 * `relay deidentify PATH… --out DIR`: de-identifies files as the device does under `deidentified`, into a
 * folder. Without `--key` a key is made for this run alone, so two runs give different pseudonyms; with
 * `--key FILE` (32 bytes or more) the same original gives the same result. Two files of one SOP Instance UID
 * are both written, the second as `…-2.dcm`: the reader decides whether they are the same.
 *
 * `--undeclared-text hold|warn|send`: images that often have names in their pixels and do not say so are refused
 * (`hold`, the default), written and counted, or written.
 *
 * `--odd hold|send`: instances that are odd (protocol/irregularities.ts) are refused (the default), or written as if a
 * person had released each.
 *
 * `--report FILE` describes each file without a value: edition, options, methods, actions by tag path, the
 * digest of that list (the same as in a receipt's `reports`), SHA-256 of the file afterwards; with `--key`
 * also `originalDigest`, which a receipt of a gateway with this key names. Nothing in it leads back to the
 * original without that key: a file is a number in path order, since its name may be a patient's, and the
 * plain digest of an original would show to anybody who has it which pseudonym its patient got.
 */
import { createWriteStream } from 'node:fs';
import { mkdir, open, readFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createPseudonyms, type Pseudonyms } from '#shared/deid/pseudonyms.ts';
import type { Looked } from '#shared/deid/deidentify-instance.ts';
import type { UndeclaredText } from '#shared/deid/hold-causes.ts';
import { createRules } from '#shared/deid/rules.ts';
import { REASONS } from '#shared/protocol/reasons.ts';
import { createReport, toWireReport } from '#shared/deid/report.ts';
import { sha256OfBlob } from '#shared/transfer/digest.ts';
import { secretsUnder } from '#shared/transfer/patient-secrets.ts';
import { derivePolicyKey, keyNameOf } from '#shared/transfer/policy-key.ts';
import { createArchiveReader, type ArchiveReader } from '#shared/ingest/archive.ts';
import type { Collected, CollectedFile } from '../../client/src/pipeline/ingest/choose/collect-files.ts';
import { applyPolicy, type Applied, type DevicePolicy } from '#shared/ingest/ingest-file.ts';
import { refusingUnreadable } from '#shared/ingest/refusing-unreadable.ts';
import { openFile } from '../../client/src/pipeline/ingest/choose/open-file.ts';
import type { Surroundings } from './command.ts';
import { parseArguments, printable, UsageError, type Arguments } from './arguments.ts';
import { findFiles } from './find-files.ts';
import { gatherCompanions, type CompanionsOf } from './gather-companions.ts';

const KEY_BYTES = 32;

type LocalPolicy = Extract<DevicePolicy, { kind: 'deidentified' }>;

/** A file of `--report`. `file`: 1 for the first that was found. */
type Reported = { readonly file: number } & (
  | { readonly reason: string }
  | ({ readonly out: string; readonly sopInstanceUID: string } & Awaited<ReturnType<typeof describe>>)
);

export async function deidentify(args: readonly string[], around: Surroundings): Promise<number> {
  const options = parseArguments(args, {
    values: ['out', 'options', 'key', 'report', 'undeclared-text', 'odd'],
    flags: [],
  });
  const out = options.value('out');
  if (options.rest.length === 0 || out === null)
    throw new UsageError('name at least one file or folder, and --out DIR');
  const reportPath = options.value('report');
  const archives = createArchiveReader();
  const odd = options.value('odd') ?? 'hold';
  if (odd !== 'hold' && odd !== 'send') throw new UsageError('--odd is hold or send');
  const policy = await policyOf(options);
  const run: Run = {
    out,
    policy,
    looked: odd === 'send' ? ['form'] : [],
    companions: await gatherCompanions(
      findFiles(options.rest, around.signal),
      ({ ref }) => openFile(ref, archives),
      around.signal,
    ),
    isKeyed: options.value('key') !== null,
    isReported: reportPath !== null,
    report: createReportFile(reportPath),
    archives,
    written: new Map(),
    signal: around.signal,
    say: around.say,
  };
  let files = 0;
  let refused = 0;
  let faces = 0;
  let undeclared = 0;
  try {
    for await (const found of findFiles(options.rest, around.signal)) {
      files += 1;
      const done = await deidentifyFile(run, found, files);
      if (done === 'refused') refused += 1;
      if (done === 'shows-face') faces += 1;
      if (done === 'undeclared-text') undeclared += 1;
    }
    await run.report.finish();
  } finally {
    await run.report.close();
  }
  if (faces > 0)
    around.say(
      `Images of a head in CT or MR: ${faces}. A face could be rendered from them, and is not removed.`,
    );
  if (undeclared > 0)
    around.say(
      `Images that do not say whether text is burned into their pixels: ${undeclared}. Nobody has looked.`,
    );
  return refused > 0 ? 1 : 0;
}

interface Run {
  readonly out: string;
  readonly policy: LocalPolicy;
  readonly looked: readonly Looked[];
  readonly companions: CompanionsOf;
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
  nth: number,
): Promise<'written' | 'shows-face' | 'undeclared-text' | 'skipped' | 'refused'> {
  const outcome =
    found.kind === 'refused' ? found : await refusingUnreadable(run.signal, () => applyTo(run, found));
  if (outcome.kind === 'applied') {
    const path = await writeInstance(run, outcome);
    const { sopInstanceUID } = outcome.identifiers;
    if (outcome.said !== null)
      await run.report.add({ file: nth, out: path, sopInstanceUID, ...outcome.said });
    if (outcome.isUndeclared && run.policy.rules.undeclaredText === 'warn') return 'undeclared-text';
    return outcome.showsFace ? 'shows-face' : 'written';
  }
  await run.report.add({ file: nth, reason: outcome.because });
  if (outcome.kind === 'skipped') return 'skipped';
  const { title, next } = REASONS[outcome.because];
  run.say(`${printable(found.path)}: ${title} ${next} (${outcome.because})`);
  return 'refused';
}

async function applyTo(run: Run, { ref, inFolder }: CollectedFile) {
  const original = await openFile(ref, run.archives);
  const { policy, looked, companions } = run;
  const applied = await applyPolicy(original, { policy, inFolder, looked, companions }, run.signal);
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

/** An original is named under the key alone, and under none that was made for this run. */
async function describe(
  { policy, isKeyed, signal }: Run,
  original: Blob,
  { bytes, report, patient }: Applied,
) {
  const { rules, pseudonyms } = policy;
  const said = createReport(rules.options, report);
  return {
    ...said,
    reportDigest: (await toWireReport(said)).digest,
    digestAfter: await sha256OfBlob(bytes, signal),
    ...(isKeyed &&
      patient !== null && {
        originalDigest: await pseudonyms.originalDigest(await sha256OfBlob(original, signal), patient),
      }),
  };
}

async function policyOf(options: Arguments): Promise<LocalPolicy> {
  const names = (options.value('options') ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const undeclaredText = options.value('undeclared-text') ?? 'hold';
  if (!isUndeclaredText(undeclaredText)) throw new UsageError('--undeclared-text is hold, warn or send');
  const rules = createRules(names, { undeclaredText });
  if (rules.kind === 'refused') {
    throw new UsageError(
      `${rules.option}: ${rules.because === 'unknown-option' ? 'no option of PS3.15 E.3' : 'this option cannot be carried out yet'}`,
    );
  }
  return {
    kind: 'deidentified',
    rules: rules.rules,
    pseudonyms: await pseudonymsOf(await keyOf(options.value('key'))),
  };
}

/** Pseudonyms as a gateway with this secret makes them under its built-in policy. */
async function pseudonymsOf(secret: Uint8Array): Promise<Pseudonyms> {
  const key = await derivePolicyKey(secret, keyNameOf({ name: 'deidentified' }));
  return createPseudonyms(await secretsUnder(key), key.tagKey);
}

const isUndeclaredText = (asked: string): asked is UndeclaredText => ['hold', 'warn', 'send'].includes(asked);

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
