/**
 * `relay receipt verify FILE --jwks FILE|URL`: exit 0 it holds, 1 it does not, 2 it (or the keys) cannot be
 * read. A receipt file is one compact JWS and nothing else, so that a changed byte anywhere in it is found;
 * keys inside the file are not trusted.
 */
import { readFile } from 'node:fs/promises';
import { deidentificationOf, type Deidentification } from '#shared/protocol/receipt.ts';
import {
  verifyReceipt,
  type JSONWebKeySet,
  type ReceiptFault,
} from '../../client/src/pipeline/upload/accept-receipt.ts';
import type { Surroundings } from './command.ts';
import { parseArguments, printable, UsageError } from './arguments.ts';

/** A receipt of 20 000 de-identified instances has 8 MB, with a report of its own for each up to 25. */
const FILE_BYTES_LIMIT = 64 * 1024 * 1024;

const FAULTS: Record<ReceiptFault, string> = {
  unreadable: 'The file is not a receipt.',
  signature: 'The signature does not hold: the receipt was changed, or another gateway signed it.',
  'merkle-root': 'The receipt contradicts itself: its Merkle root does not fit its instances.',
  'other-study': 'The receipt is about another study.',
  'instance-missing': 'The receipt does not name every instance.',
};

export async function receiptVerify(args: readonly string[], around: Surroundings): Promise<number> {
  const options = parseArguments(args, { values: ['jwks'], flags: ['json'] });
  const [file, ...more] = options.rest;
  const jwks = options.value('jwks');
  if (file === undefined || more.length > 0 || jwks === null)
    throw new UsageError('name one receipt and --jwks');
  const jws = await readReceipt(file);
  const keys = await readKeys(jwks, around.signal);
  if (jws === null || keys === null) {
    around.say(
      jws === null
        ? `The receipt ${printable(file)} does not exist or cannot be read.`
        : `No keys can be read at ${printable(jwks)}. --jwks names /.well-known/jwks.json of the gateway's API, or a file of it.`,
    );
    return 2;
  }
  const check = await verifyReceipt(jws, keys);
  if (check.kind === 'fault') {
    if (options.flag('json')) around.print(JSON.stringify({ holds: false, fault: check.fault }));
    around.say(FAULTS[check.fault]);
    return check.fault === 'unreadable' ? 2 : 1;
  }
  const { receipt } = check.checked;
  const { jti, iss, iat, studyInstanceUID, revision, pacs, instances } = receipt;
  const states: Record<string, number> = {};
  for (const { state } of instances) states[state] = (states[state] ?? 0) + 1;
  const deidentification = deidentificationOf(receipt);
  const issuedAt = new Date(iat * 1000).toISOString();
  if (options.flag('json')) {
    around.print(
      JSON.stringify({
        holds: true,
        id: jti,
        issuer: iss,
        issuedAt,
        studyInstanceUID,
        revision,
        pacs,
        states,
        deidentification,
      }),
    );
    return 0;
  }
  const counts = Object.entries(states)
    .map(([state, count]) => `${count} ${state}`)
    .join(', ');
  around.print(`The receipt holds: study ${studyInstanceUID}, revision ${revision}, ${issuedAt}, ${counts}.`);
  if (deidentification !== null) around.print(toLine(deidentification, instances.length));
  return 0;
}

function toLine({ terms, reports, instances, withoutResidue }: Deidentification, of: number): string {
  const by = terms
    .map(
      ({ edition, options }) =>
        ` by PS3.15 of ${edition}, Basic Profile${options.length === 0 ? '' : ` with ${options.join(', ')}`}`,
    )
    .join(' and');
  const said =
    reports === 0
      ? 'De-identified on the device, which did not say how'
      : `De-identified on the device${by}: ${reports} distinct reports for ${instances} of ${of} instances`;
  return `${said}; the gateway found no residue in ${withoutResidue}.`;
}

async function readReceipt(path: string): Promise<string | null> {
  try {
    const bytes = await readFile(path);
    // Latin-1: every byte stays visible as a character, none is replaced or dropped, so none can be changed
    // unseen.
    return bytes.length > FILE_BYTES_LIMIT ? null : bytes.toString('latin1');
  } catch {
    return null;
  }
}

async function readKeys(where: string, signal: AbortSignal): Promise<JSONWebKeySet | null> {
  try {
    const text = /^https?:/.test(where)
      ? await (await fetch(where, { signal })).text()
      : await readFile(where, 'utf8');
    const keys = JSON.parse(text) as { keys?: unknown };
    return Array.isArray(keys.keys) ? (keys as JSONWebKeySet) : null;
  } catch {
    return null;
  }
}
