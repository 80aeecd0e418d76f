/**
 * `relay inspect FILE`: whether the road takes the file, under which identifiers, what is odd about it, or
 * why not. Sends nothing.
 */
import { openAsBlob } from 'node:fs';
import { blobSource } from '#shared/dicom/byte-source.ts';
import { tagName } from '#shared/dicom/dictionary.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import { REASONS, WARNINGS } from '#shared/protocol/reasons.ts';
import { sha256OfBlob } from '#shared/transfer/digest.ts';
import type { Surroundings } from './command.ts';
import { parseArguments, printable, UsageError } from './arguments.ts';

export async function inspect(args: readonly string[], around: Surroundings): Promise<number> {
  const options = parseArguments(args, { values: [], flags: ['json'] });
  const [path, ...more] = options.rest;
  if (path === undefined || more.length > 0) throw new UsageError('name one file');
  let file: Blob;
  try {
    file = await openAsBlob(path);
  } catch {
    throw new UsageError(`${printable(path)} does not exist or cannot be read`);
  }
  const outcome = await readInstance(blobSource(file), around.signal);
  if (outcome.kind === 'refused') {
    const { title, next } = REASONS[outcome.because];
    if (options.flag('json'))
      around.print(
        JSON.stringify({ state: 'refused', reason: outcome.because, where: outcome.where ?? null }, null, 2),
      );
    around.say(
      `${title} ${next} (${outcome.because}${outcome.where ? ` at ${outcome.where.tag}, byte ${outcome.where.offset}` : ''})`,
    );
    return 1;
  }
  const { identifiers, transferSyntaxUID, warnings, elements, hasPreamble, meta } = outcome.instance;
  const answer = {
    state: 'ready',
    ...identifiers,
    transferSyntaxUID,
    bytes: file.size,
    digest: await sha256OfBlob(file, around.signal),
    hasPreamble,
    hasFileMeta: meta !== null,
    warnings,
    elements: elements.map(({ tag, vr, offset, valueLength }) => ({
      tag: tagName(tag),
      vr,
      offset,
      length: valueLength,
    })),
  };
  if (options.flag('json')) {
    around.print(JSON.stringify(answer, null, 2));
    return 0;
  }
  const { elements: rows, warnings: codes, ...facts } = answer;
  for (const [name, value] of Object.entries(facts)) around.print(`${name}: ${value}`);
  for (const code of codes) around.print(`warning: ${WARNINGS[code]} (${code})`);
  for (const row of rows)
    around.print(
      `${String(row.offset).padStart(10)}  ${row.vr}  ${String(row.length).padStart(10)}  ${row.tag}`,
    );
  return 0;
}
