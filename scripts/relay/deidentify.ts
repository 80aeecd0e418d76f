/**
 * `relay deidentify PATH… --out DIR`: what the device does under `deidentified`, written to a folder. Without `--key` a key is made for
 * this run alone, so two runs give unlike pseudonyms; with `--key FILE` (32 bytes or more) the same original is the same again.
 */
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createPseudonyms } from '#shared/deid/pseudonyms.ts';
import { createRules } from '#shared/deid/rules.ts';
import { REASONS } from '#shared/protocol/problem.ts';
import { createArchiveReader } from '../../client/src/pipeline/ingest/archive.ts';
import { applyPolicy, type DevicePolicy } from '../../client/src/pipeline/ingest/ingest-file.ts';
import { openFile, refusingUnreadable } from '../../client/src/pipeline/ingest/open-file.ts';
import type { Surroundings } from '../relay.ts';
import { parseArguments, printable, UsageError, type Arguments } from './arguments.ts';
import { findFiles } from './find-files.ts';

const KEY_BYTES = 32;

export async function deidentify(args: readonly string[], around: Surroundings): Promise<number> {
  const options = parseArguments(args, { values: ['out', 'options', 'key', 'report'], flags: [] });
  const out = options.value('out');
  if (options.rest.length === 0 || out === null) throw new UsageError('name at least one file or folder, and --out DIR');
  const policy = await policyOf(options);
  const archives = createArchiveReader();
  const report: { file: string; sopInstanceUID?: string; actions?: readonly unknown[]; reason?: string }[] = [];
  let exitCode = 0;
  for await (const found of findFiles(options.rest, around.signal)) {
    const outcome = found.kind === 'refused' ? found
      : await refusingUnreadable(around.signal, async () => applyPolicy(await openFile(found.ref, archives), found.inFolder, policy, around.signal));
    if (outcome.kind === 'applied') {
      const { studyInstanceUID, seriesInstanceUID, sopInstanceUID } = outcome.identifiers;
      // The names of files and folders can identify too: what is written is named by the new UIDs.
      const folder = join(out, studyInstanceUID, seriesInstanceUID);
      await mkdir(folder, { recursive: true });
      await pipeline(Readable.fromWeb(outcome.bytes.stream() as never), createWriteStream(join(folder, `${sopInstanceUID}.dcm`)));
      report.push({ file: found.path, sopInstanceUID, actions: outcome.report });
      continue;
    }
    report.push({ file: found.path, reason: outcome.because });
    if (outcome.kind === 'skipped') continue;
    exitCode = 1;
    const { title, next } = REASONS[outcome.because];
    around.say(`${printable(found.path)}: ${title} ${next} (${outcome.because})`);
  }
  const reportPath = options.value('report');
  if (reportPath !== null) await writeFile(reportPath, `${JSON.stringify(report, null, 2)}\n`, { mode: 0o600 });
  return exitCode;
}

async function policyOf(options: Arguments): Promise<DevicePolicy> {
  const names = (options.value('options') ?? '').split(',').map((name) => name.trim()).filter((name) => name !== '');
  const rules = createRules(names);
  if (rules.kind === 'refused') {
    throw new UsageError(`${rules.option}: ${rules.because === 'unknown-option' ? 'no option of PS3.15 E.3' : 'this option cannot be carried out yet'}`);
  }
  return { kind: 'deidentified', rules: rules.rules, pseudonyms: await createPseudonyms(await keyOf(options.value('key'))) };
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
