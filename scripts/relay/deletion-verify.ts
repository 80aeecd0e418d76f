/**
 * `relay deletion verify FILE --jwks FILE|URL`: whether a gateway signed this proof of a deletion. Exit 0 it holds, 1
 * it does not, 2 it (or the keys) cannot be read. No network is needed with a file of keys.
 */
import { compactVerify, createLocalJWKSet } from 'jose';
import { DELETION_TYPE, deletionSchema, type Deletion } from '#shared/protocol/retention.ts';
import { parseArguments, printable, UsageError } from './arguments.ts';
import type { Surroundings } from './command.ts';
import { readKeys, readReceipt } from './receipt-verify.ts';

export async function deletionVerify(args: readonly string[], around: Surroundings): Promise<number> {
  const options = parseArguments(args, { values: ['jwks'], flags: ['json'] });
  const [file, ...more] = options.rest;
  const jwks = options.value('jwks');
  if (file === undefined || more.length > 0 || jwks === null)
    throw new UsageError('name one proof and --jwks');
  const text = await readReceipt(file);
  const keys = await readKeys(jwks, around.signal);
  if (text === null || keys === null) {
    around.say(`${printable(text === null ? file : jwks)} does not exist or cannot be read.`);
    return 2;
  }
  const found = await compactVerify(text.trim(), createLocalJWKSet(keys), { algorithms: ['EdDSA'] }).catch(
    () => null,
  );
  if (found === null || found.protectedHeader.typ !== DELETION_TYPE) {
    around.say('The signature does not hold: the proof was changed, or another gateway signed it.');
    return 1;
  }
  const deletion = deletionSchema.parse(JSON.parse(new TextDecoder().decode(found.payload)));
  around.print(options.flag('json') ? JSON.stringify({ holds: true, ...deletion }) : toSentence(deletion));
  if (!options.flag('json')) for (const item of deletion.items) around.print(toLine(item));
  return 0;
}

const toSentence = ({ iss, at, kind, days, before, items }: Deletion): string =>
  `This proof is genuine: at ${at}, ${iss} deleted ${kind} (${items.length}) that were finished before ${before} and kept for ${days} days:`;

const toLine = (item: Deletion['items'][number]): string =>
  `  ${Object.entries(item)
    .map(([name, value]) => `${name} ${printable(String(value))}`)
    .join(', ')}`;
