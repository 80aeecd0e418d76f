/**
 * `relay deidentify PATH… --out DIR`: what the device does under `deidentified`, written to a folder. Without
 * `--key` a key is made for this run alone, so two runs give unlike pseudonyms; with `--key FILE` (32 bytes
 * or more) the same original is the same again. Two files of one SOP Instance UID are both written, the
 * second as `…-2.dcm`: whether they are the same is for whoever reads them.
 *
 * `--report FILE` says of each file what was done, without a value: edition, options, methods, actions by tag
 * path, the digest of that list (the same as in a receipt's `reports`), SHA-256 of the file before and after;
 * with `--key` also `originalDigest`, which a receipt of a gateway with this key names.
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
import { createArchiveReader } from '../../client/src/pipeline/ingest/archive.ts';
import {
  applyPolicy,
  type Applied,
  type DevicePolicy,
} from '../../client/src/pipeline/ingest/ingest-file.ts';
import { openFile, refusingUnreadable } from '../../client/src/pipeline/ingest/open-file.ts';
import type { Surroundings } from '../relay.ts';
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
  const policy = await policyOf(options);
  const archives = createArchiveReader();
  const written = new Map<string, number>();
  const report = createReportFile(options.value('report'));
  let exitCode = 0;
  let faces = 0;
  try {
    for await (const found of findFiles(options.rest, around.signal)) {
      const outcome =
        found.kind === 'refused'
          ? found
          : await refusingUnreadable(around.signal, async () => {
              const original = await openFile(found.ref, archives);
              const applied = await applyPolicy(
                original,
                { policy, inFolder: found.inFolder },
                around.signal,
              );
              if (applied.kind !== 'applied' || options.value('report') === null)
                return { ...applied, said: null };
              return {
                ...applied,
                said: await describe(original, applied, policy, options.value('key') !== null, around.signal),
              };
            });
      if (outcome.kind === 'applied') {
        const { studyInstanceUID, seriesInstanceUID, sopInstanceUID } = outcome.identifiers;
        // The names of files and folders can identify too: what is written is named by the new UIDs.
        const folder = join(out, studyInstanceUID, seriesInstanceUID);
        await mkdir(folder, { recursive: true });
        const nth = (written.get(sopInstanceUID) ?? 0) + 1;
        written.set(sopInstanceUID, nth);
        const path = join(folder, nth === 1 ? `${sopInstanceUID}.dcm` : `${sopInstanceUID}-${nth}.dcm`);
        await pipeline(Readable.fromWeb(outcome.bytes.stream() as never), createWriteStream(path));
        if (outcome.showsFace) faces += 1;
        if (outcome.said !== null)
          await report.add({ file: found.path, out: path, sopInstanceUID, ...outcome.said });
        continue;
      }
      await report.add({ file: found.path, reason: outcome.because });
      if (outcome.kind === 'skipped') continue;
      exitCode = 1;
      const { title, next } = REASONS[outcome.because];
      around.say(`${printable(found.path)}: ${title} ${next} (${outcome.because})`);
    }
    await report.finish();
  } finally {
    await report.close();
  }
  if (faces > 0)
    around.say(
      `${faces} instances are of a head in CT or MR: a face could be rendered from them, and is not removed.`,
    );
  return exitCode;
}

/**
 * The report as one JSON array, written entry by entry: that of a large archive is larger than its headers.
 * Only its owner may read it. Nothing is written before the first entry, so that a call that was wrong leaves
 * an older report as it is.
 */
function createReportFile(path: string | null): {
  add(entry: Reported): Promise<void>;
  finish(): Promise<void>;
  close(): Promise<void>;
} {
  let file: FileHandle | null = null;
  const write = async (path: string, text: string): Promise<void> => {
    await (file ??= await open(path, 'w', 0o600)).writeFile(text);
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

/** The originals' keyed digest tells nothing under a key that was made for this run. */
async function describe(
  original: Blob,
  { bytes, report }: Applied,
  { rules, pseudonyms }: LocalPolicy,
  isKeyed: boolean,
  signal: AbortSignal,
) {
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
    throw new UsageError('the key file cannot be read');
  }
  if (key.length < KEY_BYTES) throw new UsageError(`the key file has fewer than ${KEY_BYTES} bytes`);
  return key;
}
